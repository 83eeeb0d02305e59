// Every table of the schema, as one value each.
import type { Table } from './table.ts'
import { accessKeyTable, unshownKeyTable } from './tables/access-keys.ts'
import { addressAssociationTable } from './tables/addresses.ts'
import { adoptionTable, ownerQuestionTable } from './tables/adoptions.ts'
import { apiTokenTable, browserSessionTable } from './tables/api-tokens.ts'
import { broughtSpaceTable } from './tables/brought-space.ts'
import { candidateTable, differenceTable } from './tables/candidates.ts'
import {
  changeRequestContentTable,
  changeRequestTable,
  changeRequestWrittenTable,
  unreviewedEmergencyTable,
} from './tables/change-requests.ts'
import {
  discoveryAssociationTable,
  discoveryRegionTable,
  discoveryTable,
  resourceMarkTable,
} from './tables/discoveries.ts'
import { evidenceCheckpointTable, evidenceKeyTable, evidenceLogTable, evidenceTileTable } from './tables/evidence.ts'
import { exceptionTable, exceptionUseTable } from './tables/exceptions.ts'
import { findingProgressTable, findingScanTable } from './tables/finding-scans.ts'
import { findingTable, openingTable } from './tables/findings.ts'
import { freeBlockTable } from './tables/free-front.ts'
import { historyTable } from './tables/history.ts'
import { holdTable } from './tables/holds.ts'
import { ipamRegionTable, ipamTable, scopeTable } from './tables/ipams.ts'
import { auditEntryTable, auditSubjectTable, decisionTable, originTable, rulingTable } from './tables/journal.ts'
import { natGatewayAddressTable, natGatewayTable } from './tables/nat-gateways.ts'
import { networkObjectPartTable, networkObjectTable } from './tables/network-objects.ts'
import { goneNodeTable } from './tables/node-facts.ts'
import { observationTable } from './tables/observations.ts'
import {
  accountCreationTable,
  accountTable,
  delegationTable,
  enabledServiceTable,
  nodeTable,
  organizationTable,
} from './tables/organizations.ts'
import { deliveryTable, eventTable, mailCountTable, outboxProgressTable } from './tables/outbox.ts'
import { assignmentTable, policyTable, policyVersionTable, policyWrittenTable } from './tables/policies.ts'
import { capacityWatchTable, poolDayTable } from './tables/pool-days.ts'
import { gonePoolTable, poolCidrTable, poolShareTable, poolTable } from './tables/pools.ts'
import { recordSinkTable } from './tables/record-sinks.ts'
import { resourceTypeTable } from './tables/resource-types.ts'
import { quarantineTable } from './tables/resting.ts'
import { forgettingTable, recordDayTable, retentionTable } from './tables/retention.ts'
import { goneBindingTable, roleBindingTable } from './tables/role-bindings.ts'
import {
  simulatedChangeTable,
  simulationGroupTable,
  simulationPoolTable,
  simulationTable,
} from './tables/simulations.ts'
import { snapshotTable, sourceTable } from './tables/sources.ts'
import { counterTable, metaTable, sealingKeyTable } from './tables/states.ts'
import { subscriptionTable } from './tables/subscriptions.ts'
import { tagTable } from './tables/tags.ts'
import { allocationTable, endedTenureTable, holderTable, tenureStateTable } from './tables/tenure-states.ts'
import { clientTokenTable } from './tables/tokens.ts'
import { subnetCidrTable, subnetTable, vpcCidrTable, vpcTable } from './tables/vpcs.ts'
import { evidenceWitnessTable, witnessedLogTable } from './tables/witnesses.ts'

export const definitions: readonly Pick<
  Table<unknown>,
  'name' | 'columnNames' | 'types' | 'references' | 'lifetime' | 'rights'
>[] = [
  accessKeyTable,
  accountCreationTable,
  accountTable,
  addressAssociationTable,
  adoptionTable,
  allocationTable,
  apiTokenTable,
  browserSessionTable,
  assignmentTable,
  auditEntryTable,
  auditSubjectTable,
  broughtSpaceTable,
  candidateTable,
  changeRequestContentTable,
  changeRequestWrittenTable,
  unreviewedEmergencyTable,
  changeRequestTable,
  clientTokenTable,
  capacityWatchTable,
  counterTable,
  decisionTable,
  delegationTable,
  deliveryTable,
  differenceTable,
  discoveryAssociationTable,
  discoveryRegionTable,
  discoveryTable,
  enabledServiceTable,
  endedTenureTable,
  eventTable,
  evidenceCheckpointTable,
  evidenceKeyTable,
  evidenceLogTable,
  evidenceTileTable,
  evidenceWitnessTable,
  exceptionTable,
  exceptionUseTable,
  findingProgressTable,
  findingScanTable,
  findingTable,
  openingTable,
  forgettingTable,
  freeBlockTable,
  historyTable,
  holderTable,
  holdTable,
  ipamRegionTable,
  goneBindingTable,
  goneNodeTable,
  gonePoolTable,
  ipamTable,
  mailCountTable,
  metaTable,
  natGatewayAddressTable,
  natGatewayTable,
  networkObjectPartTable,
  networkObjectTable,
  nodeTable,
  observationTable,
  organizationTable,
  originTable,
  outboxProgressTable,
  ownerQuestionTable,
  policyTable,
  policyVersionTable,
  policyWrittenTable,
  poolCidrTable,
  poolDayTable,
  poolShareTable,
  poolTable,
  quarantineTable,
  recordDayTable,
  resourceMarkTable,
  resourceTypeTable,
  retentionTable,
  roleBindingTable,
  rulingTable,
  scopeTable,
  sealingKeyTable,
  simulatedChangeTable,
  simulationGroupTable,
  simulationPoolTable,
  simulationTable,
  snapshotTable,
  sourceTable,
  subnetCidrTable,
  subnetTable,
  subscriptionTable,
  recordSinkTable,
  tagTable,
  tenureStateTable,
  unshownKeyTable,
  vpcCidrTable,
  vpcTable,
  witnessedLogTable,
]
