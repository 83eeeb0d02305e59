// The operations of AWS Organizations, of STS, and those of EC2 that change the organization.

import { assumeRole, getCallerIdentity } from '../identity/sts.aws.ts'
import {
  closeAccount,
  createAccount,
  describeAccount,
  describeCreateAccountStatus,
  listAccounts,
  listAccountsForParent,
  listCreateAccountStatus,
  moveAccount,
  removeAccountFromOrganization,
} from './accounts.aws.ts'
import {
  deregisterDelegatedAdministrator,
  disableAwsServiceAccess,
  disableIpamOrganizationAdminAccount,
  enableAwsServiceAccess,
  enableIpamOrganizationAdminAccount,
  listAwsServiceAccess,
  listDelegatedAdministrators,
  listDelegatedServicesForAccount,
  registerDelegatedAdministrator,
} from './delegated-administrators.aws.ts'
import {
  createOrganization,
  deleteOrganization,
  describeOrganization,
  listChildren,
  listParents,
  listRoots,
} from './organizations.aws.ts'
import { listTreeTags, tagTreeResource, untagTreeResource } from './tree-tags.aws.ts'
import {
  createOrganizationalUnit,
  deleteOrganizationalUnit,
  describeOrganizationalUnit,
  listOrganizationalUnitsForParent,
  updateOrganizationalUnit,
} from './units.aws.ts'

export const organizationsOperations = [
  closeAccount,
  createAccount,
  createOrganization,
  createOrganizationalUnit,
  deleteOrganization,
  deleteOrganizationalUnit,
  deregisterDelegatedAdministrator,
  describeAccount,
  describeCreateAccountStatus,
  describeOrganization,
  describeOrganizationalUnit,
  disableAwsServiceAccess,
  enableAwsServiceAccess,
  listAccounts,
  listAccountsForParent,
  listAwsServiceAccess,
  listChildren,
  listCreateAccountStatus,
  listDelegatedAdministrators,
  listDelegatedServicesForAccount,
  listOrganizationalUnitsForParent,
  listParents,
  listRoots,
  listTreeTags,
  moveAccount,
  registerDelegatedAdministrator,
  removeAccountFromOrganization,
  tagTreeResource,
  untagTreeResource,
  updateOrganizationalUnit,
] as const

export const organizationsEc2Operations = [
  disableIpamOrganizationAdminAccount,
  enableIpamOrganizationAdminAccount,
] as const

export const stsOperations = [assumeRole, getCallerIdentity] as const
