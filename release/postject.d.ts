declare module "postject" {
  export interface InjectOptions {
    readonly sentinelFuse?: string;
    readonly machoSegmentName?: string;
    readonly overwrite?: boolean;
  }
  /** Puts the resource into the executable file, and flips its fuse. */
  // oxlint-disable-next-line max-params -- theirs
  export function inject(file: string, name: string, resource: Buffer, options?: InjectOptions): Promise<void>;
}
