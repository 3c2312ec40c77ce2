import { fileError } from "@dtuf/registry/files";

/** A system call whose fault is told as a FileError. @throws FileError */
export async function fileCall<T>(path: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw fileError(error, path);
  }
}
