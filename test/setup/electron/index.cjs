/**
 * Stands in for Electron's own module where its binary is not: what examples/electron-shaped uses of it. The person at the
 * window clicks on what DESK_CLICKS names, one after the other, once the page is shown; then the app quits.
 */
const { EventEmitter } = require("node:events");
const { readFile } = require("node:fs/promises");

const say = (what, text) => console.log(`${what}: ${text}`);
const handlers = new Map();

process.resourcesPath = process.env.DESK_RESOURCES;

exports.app = Object.assign(new EventEmitter(), {
  whenReady: () => Promise.resolve(),
  getPath: () => process.env.DESK_USER_DATA,
  relaunch: () => say("app", "relaunch"),
  quit() {
    say("app", "quit");
    this.emit("before-quit");
  },
});

exports.ipcMain = { handle: (name, handler) => void handlers.set(name, handler) };

exports.BrowserWindow = class {
  webContents = { send: (channel, text) => say(channel, text) };

  async loadFile(path) {
    say("page", (await readFile(path, "utf8")).trim());
    setTimeout(() => void click(process.env.DESK_CLICKS.split(" ").filter(Boolean)), 100);
  }
};

async function click(names) {
  let answer;
  for (const name of names) say(name, (answer = await handlers.get(`update:${name}`)()));
  // After an installation the app has quit by itself.
  if (!names.includes("install") || answer !== undefined) exports.app.quit();
}
