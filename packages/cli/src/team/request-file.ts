/** As large as the file of the largest role that clients accept, with the published one beside it. */
export const requestMaxBytes: number = 360 * 1024 * 1024;
