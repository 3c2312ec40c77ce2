/** An operation that changes nothing: what it would write stays in memory, and the registry gets no request but reads. */
import { digestHex, digestOf } from "@dtuf/registry";
import type { Operation } from "./operation.ts";
import type { FileRecord, State } from "./state.ts";

const nothing = (): Promise<void> => Promise.resolve();

export function withoutEffects(operation: Operation): Operation {
  let { record } = operation;
  const written = new Map<string, Uint8Array>();
  return {
    ...operation,
    store: {
      ...operation.store,
      put: nothing,
      tag: nothing,
      ...(operation.store.swapTag === undefined ? {} : { swapTag: () => Promise.resolve(true) }),
    },
    files: {
      ...operation.files,
      ...{ saveRecord: nothing, sweep: nothing, stage: nothing, stageTogether: nothing, unstage: nothing },
      ...{ stageRole: nothing, unstageRole: nothing, stageKeyChange: nothing, unstageKeyChanges: nothing },
      ...{ stageBins: nothing, unstageBins: nothing, saveBin: nothing },
      saveMetadata(version, bytes): Promise<FileRecord> {
        const sha256 = digestHex(digestOf(bytes));
        written.set(sha256, bytes);
        return Promise.resolve({ version, sha256 });
      },
      readMetadata: async (file) => written.get(file.sha256) ?? operation.files.readMetadata(file),
      readSnapshot: async (state) => written.get(state.head.snapshot.sha256) ?? operation.files.readSnapshot(state),
    },
    team: { ...operation.team, saveMemory: nothing, saveRoleChanges: nothing },
    get record() {
      return record;
    },
    state: (): State => record ?? operation.state(),
    save(state) {
      record = state;
      return Promise.resolve();
    },
  };
}
