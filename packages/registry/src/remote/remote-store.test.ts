import { createRemoteRepository } from "@dtuf/testing/remote-repository";
import { storeContract } from "@dtuf/testing/store-contract/store-contract";

storeContract("a remote repository", async () => {
  const repository = await createRemoteRepository();
  return { store: repository.store, cleanup: () => repository[Symbol.asyncDispose]() };
});
