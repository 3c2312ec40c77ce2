export { createTufJsFetcher, type TufJsFetcherOptions } from "./fetcher.ts";
