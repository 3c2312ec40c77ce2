/** How commander lays out help: names in a column of their own, descriptions wrapped beside them, nothing wider than the terminal. */
import { Help, type HelpConfiguration } from "commander";

/** Narrower than that a description is not wrapped: the terminal breaks its lines. */
const descriptionLeast = 20;
const usualColumns = 80;

/** @param columns of the terminal; 0 if it does not say */
export function createHelpLayout(columns: number): HelpConfiguration {
  const helpWidth = columns || usualColumns;
  return {
    showGlobalOptions: false,
    helpWidth,
    minWidthToWrap: descriptionLeast,
    // The arguments are in the command's own help: here they would leave no room for what it does.
    subcommandTerm: (command) => command.name(),
    padWidth: (command, helper) =>
      Math.min(Help.prototype.padWidth.call(helper, command, helper), Math.floor(helpWidth * 0.4)),
    formatItem(...[term, termWidth, description, helper]) {
      const beside = (text: string): string =>
        Help.prototype.formatItem.call(helper, text, termWidth, description, helper);
      return helper.displayWidth(term) > termWidth ? `  ${term}\n${beside("")}` : beside(term);
    },
  };
}

export function wrapHelp(text: string, columns: number): string {
  return new Help().boxWrap(text, columns || usualColumns);
}
