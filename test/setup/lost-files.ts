/**
 * A file that nobody closed is closed when it is garbage, with a warning, and a later Node makes that an error: here it
 * fails the run.
 */
function failOnLostFile(warning: Error): void {
  if (/^Closing (?:a FileHandle|file descriptor)/.test(warning.message)) throw warning;
}

// The files of one process share it.
if (!process.listeners("warning").some(({ name }) => name === failOnLostFile.name))
  process.on("warning", failOnLostFile);
