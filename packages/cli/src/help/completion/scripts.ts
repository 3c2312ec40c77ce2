/**
 * What a shell must know: it hands the words over to the hidden command `__complete` and shows what that prints. The first
 * line says what may stand there: `names`, which follow, `files` or `directories`, which the shell completes itself. No
 * name is evaluated: each is quoted by the shell, or by `__complete` for shells that do not.
 */

const bash = `# bash completion for PROGRAM: source it, or put it where bash-completion looks
_PROGRAM() {
  local line lines=()
  while IFS= read -r line; do lines+=("$line"); done < <(PROGRAM __complete bash "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
  COMPREPLY=("\${lines[@]:1}")
  if [[ "\${lines[0]}" == names ]]; then compopt +o default +o bashdefault 2>/dev/null; fi
}
complete -o bashdefault -o default -F _PROGRAM PROGRAM
`;

const zsh = `#compdef PROGRAM
# zsh completion for PROGRAM: source it after compinit, or put it as _PROGRAM into a directory of fpath
_PROGRAM() {
  local -a lines names shown
  local line
  lines=("\${(@f)$(PROGRAM __complete zsh "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  case "\${lines[1]}" in
    files) _files; return ;;
    directories) _files -/; return ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    names+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  compadd -l -d shown -a names
}
if [ "\${funcstack[1]}" = "_PROGRAM" ]; then _PROGRAM "$@"; else compdef _PROGRAM PROGRAM; fi
`;

const fish = `# fish completion for PROGRAM: put it into ~/.config/fish/completions/PROGRAM.fish
function __PROGRAM_complete
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -l lines (PROGRAM __complete fish $words "$current" 2>/dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case directories
            __fish_complete_directories "$current"
        case '*'
            set -e lines[1]
            string join \\n -- $lines
    end
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
`;

const powershell = `# PowerShell completion for PROGRAM: PROGRAM completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName PROGRAM -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { if ($_.Value -is [string]) { $_.Value } else { $_.Extent.Text } })
    # PowerShell drops an empty word of a program, so the last one has a sign before it.
    $lines = @(& PROGRAM __complete powershell @words "=$wordToComplete" 2>$null)
    if ($lines[0] -ne 'names') { return }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $name, $about = $_ -split "\`t", 2
        if (-not $about) { $about = $name }
        $text = if ($name -cmatch '^[A-Za-z0-9_./:+=-]+$') { $name } else { "'" + $name.Replace("'", "''") + "'" }
        [System.Management.Automation.CompletionResult]::new($text, $name, 'ParameterValue', $about)
    }
}
`;

export const scripts: ReadonlyMap<string, string> = new Map([
  ["bash", bash],
  ["zsh", zsh],
  ["fish", fish],
  ["powershell", powershell],
]);
