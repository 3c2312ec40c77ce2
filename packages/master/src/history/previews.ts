/**
 * What each operation would do: the same code on an operation without effects. No file of the state is changed, and the
 * registry gets no request but reads.
 */
import type { PruneResult, PushMetadataOptions, RefreshOptions } from "../contract/contract.ts";
import { previewRelease, type PublishPreview } from "../release/publish.ts";
import { withoutEffects } from "../state/dry-operation.ts";
import type { Operation, Workplace } from "../state/operation.ts";
import { previewAccept, type AcceptPreview } from "../team/accept.ts";
import { compareStaged } from "./compare-staged.ts";
import type { OperationOptions } from "../contract/targets.ts";
import type { AcceptOptions, ProposalSummary } from "../contract/team.ts";
import { previewPrune } from "./prune.ts";

export interface Previews {
  /** @throws as `pushMetadata` */
  previewPush(options?: Omit<PushMetadataOptions, "record">): Promise<PublishPreview>;
  /** @throws as `refreshMetadata` */
  previewRefresh(options?: RefreshOptions): Promise<PublishPreview>;
  /** @throws as `acceptProposal` */
  previewAccept(name: string, options?: AcceptOptions): Promise<AcceptPreview>;
  /** What would be deleted. A registry may refuse a part of it. @throws as `prune` */
  previewPrune(options?: OperationOptions): Promise<PruneResult>;
  /**
   * What is staged, compared with what is published; of a delegated role's own document if `role` names one. No key is
   * needed. @throws MASTER_METADATA_MISSING, MASTER_ROLE_UNKNOWN, and what `openBase` of a publication throws
   */
  compareStaged(options?: OperationOptions & { readonly role?: string | undefined }): Promise<ProposalSummary>;
}

export function createPreviews({ look }: Workplace): Previews {
  const dry = <T>(signal: AbortSignal | undefined, work: (operation: Operation) => Promise<T>): Promise<T> =>
    look(signal, (operation) => work(withoutEffects(operation)));
  return {
    previewPush: (options = {}) =>
      dry(options.signal, (operation) => previewRelease(operation, { ...options, coverage: "all" })),
    previewRefresh: (options = {}) =>
      dry(options.signal, (operation) => {
        const { withinMs, snapshot = "if-pushed-here" } = options;
        return previewRelease(operation, { ...options, coverage: { withinMs, snapshot } });
      }),
    previewAccept: (name, options = {}) => dry(options.signal, (operation) => previewAccept(operation, name, options)),
    previewPrune: ({ signal } = {}) => dry(signal, previewPrune),
    compareStaged: ({ signal, role } = {}) => dry(signal, (operation) => compareStaged(operation, role)),
  };
}
