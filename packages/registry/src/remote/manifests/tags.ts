import type { ListTagsOptions } from "../../store.ts";
import { isTag, type TagName } from "../../oci/tag.ts";
import { pullScope, repositoryUrl, type Repository } from "../requests/context.ts";
import { listNames } from "../requests/paging.ts";

/** Yields nothing for a repository that the registry does not know. Invalid tags are skipped, because they could not be requested. */
export async function* listTags(
  repository: Repository,
  { after, signal }: ListTagsOptions = {},
): AsyncGenerator<TagName> {
  const query = new URLSearchParams(after === undefined ? {} : { last: after });
  const request = {
    method: "GET",
    url: repositoryUrl(repository, "tags/list", query),
    scopes: [pullScope(repository.name)],
    expect: [200, 404],
    signal,
  } as const;
  for await (const name of listNames(repository.registry, request, "tags")) if (isTag(name)) yield name;
}
