export { createNotice, createTrace, type Trace } from "./trace.ts";
