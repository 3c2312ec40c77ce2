/** The main process, as an ES module. */
import { join } from "node:path";
import { app, BrowserWindow, ipcMain } from "electron";
import { startUpdater } from "./updater.mjs";

await app.whenReady();
const window = new BrowserWindow();
const updater = await startUpdater({
  repository: process.env.DESK_REPOSITORY,
  resources: process.resourcesPath,
  userData: app.getPath("userData"),
  tell: (text) => window.webContents.send("update", text),
});
const restart = () => {
  app.relaunch();
  app.quit();
};

app.on("before-quit", () => updater.close());
ipcMain.handle("update:check", () => updater.check());
ipcMain.handle("update:install", async () => (await updater.install()) && restart());
try {
  await window.loadFile(join(updater.pages, "index.html"));
  await updater.confirm();
} catch (error) {
  if (await updater.revert()) restart();
  else throw error;
}
