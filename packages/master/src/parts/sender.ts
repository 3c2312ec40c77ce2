/** Uploads the parts of one target, several at a time. */
import type { Content, Descriptor, Progress } from "@dtuf/registry";
import type { ProgressOptions } from "../contract/contract.ts";
import type { Sent, Uploader } from "../release/upload.ts";

export interface SenderOptions {
  /** Blobs that are being uploaded or were uploaded. Blobs that several targets share are uploaded once. */
  readonly sent: Sent;
  readonly onProgress: ProgressOptions["onProgress"];
  /** Whether the registry probably has a blob of this size already. Such a blob is hashed before it is sent. */
  readonly isLikelyThere: (size: number) => Promise<boolean>;
}

export interface Sender extends SenderOptions, Uploader {
  put(blob: NamedBlob, content: Content): Promise<void>;
  /** Begins `work` when fewer than `concurrency` run, and returns then. @throws the error of earlier work */
  begin(work: () => Promise<void>): Promise<void>;
  /** Waits for what `begin` began. @throws its first error */
  end(): Promise<void>;
}

export interface NamedBlob {
  readonly descriptor: Descriptor;
  /** Name in progress reports. */
  readonly item: string;
}

export function createSender(uploader: Uploader, options: SenderOptions): Sender {
  const { store, signal, concurrency } = uploader;
  const { sent, onProgress } = options;
  const running = new Set<Promise<void>>();
  let failure: { readonly error: unknown } | undefined;
  const throwFailure = (): void => {
    if (failure !== undefined) throw failure.error;
  };
  return {
    ...uploader,
    ...options,
    async put(blob, content) {
      const { descriptor, item } = blob;
      const report = (progress: Progress): void => onProgress?.({ ...progress, kind: "target", name: item });
      const sending = sent.get(descriptor.digest) ?? store.put(descriptor, content, { signal, onProgress: report });
      sent.set(descriptor.digest, sending);
      await sending;
      reportStored(onProgress, blob);
    },
    async begin(work) {
      while (running.size >= concurrency) await Promise.race(running);
      throwFailure();
      const task = work()
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => running.delete(task));
      running.add(task);
    },
    async end() {
      await Promise.all(running);
      throwFailure();
    },
  };
}

/** The last report of a part: the store has it, sent now or before. */
export function reportStored(onProgress: ProgressOptions["onProgress"], { item: name, descriptor }: NamedBlob): void {
  const { digest, size } = descriptor;
  onProgress?.({ step: "upload", kind: "target", name, digest, bytes: size, totalBytes: size, isStored: true });
}
