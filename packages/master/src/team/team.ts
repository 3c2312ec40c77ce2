/** The operations of a team, each under the lock of this machine's state. */
import type { Workplace } from "../state/operation.ts";
import type { Master } from "../contract/contract.ts";
import type { Team } from "../contract/team.ts";
import { acceptProposal } from "./accept.ts";
import { exportProposal, importSignatures } from "./carry.ts";
import { listProposals, openTeamBase, propose, reviewProposal, signProposal } from "./proposals.ts";
import { deleteRoleTarget, listRoleTargets, pushRoleTarget, setRoleCustom, stagedInRole } from "./role-targets.ts";

export function createTeam(workplace: Workplace): Team & Pick<Master, "acceptProposal"> {
  const { alone } = workplace;
  return {
    propose: (name, options = {}) => alone(options.signal, (operation) => propose(operation, name, options)),
    reviewProposal: (name, options = {}) =>
      alone(options.signal, (operation) => reviewProposal(operation, name, options)),
    signProposal: (name, options = {}) => alone(options.signal, (operation) => signProposal(operation, name, options)),
    acceptProposal: (name, options = {}) =>
      alone(options.signal, (operation) => acceptProposal(operation, name, options)),
    exportProposal: (name, options = {}) =>
      alone(options.signal, (operation) => exportProposal(operation, name, options)),
    importSignatures: (files, options = {}) =>
      alone(options.signal, (operation) => importSignatures(operation, files, options)),
    listProposals: ({ signal } = {}) =>
      alone(signal, async (operation) => listProposals(operation, await openTeamBase(operation))),
    pushRoleTarget: (role, target, options = {}) => pushRoleTarget(workplace, role, { ...target, ...options }),
    deleteRoleTarget: (role, name, { signal } = {}) =>
      alone(signal, (operation) => deleteRoleTarget(operation, role, name)),
    setRoleCustom: (role, change, { signal } = {}) =>
      alone(signal, (operation) => setRoleCustom(operation, role, change)),
    listRoleTargetFiles: (role, { signal } = {}) => alone(signal, (operation) => listRoleTargets(operation, role)),
    stagedInRole: (role, { signal } = {}) => alone(signal, (operation) => stagedInRole(operation, role)),
  };
}
