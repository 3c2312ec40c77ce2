/** The main process, as CommonJS: the packages are ES modules, which `require` loads. */
const path = require("node:path");
const { app, BrowserWindow, ipcMain } = require("electron");
const { startUpdater } = require("./updater.mjs");

function restart() {
  app.relaunch();
  app.quit();
}

async function main() {
  await app.whenReady();
  const window = new BrowserWindow();
  const updater = await startUpdater({
    repository: process.env.DESK_REPOSITORY,
    resources: process.resourcesPath,
    userData: app.getPath("userData"),
    tell: (text) => window.webContents.send("update", text),
  });
  app.on("before-quit", () => updater.close());
  ipcMain.handle("update:check", () => updater.check());
  ipcMain.handle("update:install", async () => (await updater.install()) && restart());
  try {
    await window.loadFile(path.join(updater.pages, "index.html"));
    await updater.confirm();
  } catch (error) {
    if (await updater.revert()) restart();
    else throw error;
  }
}

void main();
