// The operations of policies and tags, for the table of the EC2 endpoint.

import { createTags, deleteTags, describeTags } from '../organization/tags.ec2.ts'
import {
  createIpamPolicy,
  deleteIpamPolicy,
  describeIpamPolicies,
  disableIpamPolicy,
  enableIpamPolicy,
  getEnabledIpamPolicy,
  getIpamPolicyAllocationRules,
  getIpamPolicyOrganizationTargets,
  modifyIpamPolicyAllocationRules,
} from './policies.ec2.ts'

export const policyOperations = [
  createIpamPolicy,
  describeIpamPolicies,
  deleteIpamPolicy,
  modifyIpamPolicyAllocationRules,
  getIpamPolicyAllocationRules,
  enableIpamPolicy,
  disableIpamPolicy,
  getEnabledIpamPolicy,
  getIpamPolicyOrganizationTargets,
  createTags,
  deleteTags,
  describeTags,
] as const
