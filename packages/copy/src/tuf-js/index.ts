export { createTufJsFetcher, type TufJsFetcher, type TufJsFetcherOptions } from "./fetcher.ts";
