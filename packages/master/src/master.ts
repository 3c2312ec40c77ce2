import type { Master, MasterOptions } from "./contract.ts";

export declare function createMaster(options: MasterOptions): Master;
