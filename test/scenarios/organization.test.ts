// Stories of the organization: who may change it, who enters which account, and who administers addresses.
import { ask, askOrganizations, askSts, inAnyOrder, scenario } from './scenario.ts'

scenario('the management account reads its organization as it has built it', {
  steps: [
    {
      as: 'management',
      asks: askOrganizations('DescribeOrganization'),
      gets: { Organization: { FeatureSet: 'ALL', MasterAccountId: '$management', Id: '$organization' } },
    },
    {
      as: 'management',
      asks: askOrganizations('ListRoots'),
      gets: {
        Roots: [{ Id: '$root', Name: 'Root', Arn: 'arn:aws:organizations::$management:root/$organization/$root' }],
      },
    },
    {
      as: 'management',
      asks: askOrganizations('ListOrganizationalUnitsForParent', { ParentId: '$workloads' }),
      gets: {
        OrganizationalUnits: inAnyOrder([
          { Id: '$prod', Name: 'Prod' },
          { Id: '$dev', Name: 'Dev' },
        ]),
      },
    },
    {
      as: 'management',
      asks: askOrganizations('ListChildren', { ParentId: '$prod', ChildType: 'ACCOUNT' }),
      gets: { Children: [{ Id: '$shop', Type: 'ACCOUNT' }] },
    },
    {
      as: 'management',
      asks: askOrganizations('ListParents', { ChildId: '$shop' }),
      gets: { Parents: [{ Id: '$prod', Type: 'ORGANIZATIONAL_UNIT' }] },
    },
    {
      as: 'management',
      asks: askOrganizations('ListAccountsForParent', { ParentId: '$dev' }),
      gets: { Accounts: [{ Id: '$lab', Name: 'lab', Email: 'lab@acme.example', Status: 'ACTIVE' }] },
    },
    {
      as: 'management',
      asks: askOrganizations('ListAccounts'),
      gets: {
        Accounts: inAnyOrder([
          { Id: '$management' },
          { Id: '$network', Name: 'network' },
          { Id: '$shop', Name: 'shop' },
          { Id: '$lab', Name: 'lab' },
          { Id: '$toys', Name: 'toys' },
        ]),
      },
    },
  ],
  leaves: [],
})

scenario('a member account knows itself, and changes nothing of the organization', {
  steps: [
    {
      as: 'shop',
      asks: askSts('GetCallerIdentity'),
      gets: {
        Account: '$shop',
        Arn: 'arn:aws:sts::$shop:assumed-role/OrganizationAccountAccessRole/scenario',
      },
    },
    {
      as: 'shop',
      asks: askOrganizations('CreateOrganizationalUnit', { ParentId: '$root', Name: 'Mine' }),
      refused: 'AccessDeniedException',
      saying:
        'You are not authorized to perform `organizations:CreateOrganizationalUnit`. Only the management account of the organization may do this.',
    },
    {
      as: 'shop',
      asks: askOrganizations('MoveAccount', {
        AccountId: '$shop',
        SourceParentId: '$prod',
        DestinationParentId: '$dev',
      }),
      refused: 'AccessDeniedException',
      saying:
        'You are not authorized to perform `organizations:MoveAccount`. Only the management account of the organization may do this.',
    },
    {
      as: 'shop',
      asks: askSts('AssumeRole', {
        RoleArn: 'arn:aws:iam::$lab:role/OrganizationAccountAccessRole',
        RoleSessionName: 'sideways',
      }),
      refused: 'AccessDenied',
      saying:
        'You are not authorized to perform `sts:AssumeRole`. There is no role `arn:aws:iam::$lab:role/OrganizationAccountAccessRole`, or you may not assume it.',
    },
    {
      as: 'management',
      asks: askOrganizations('ListParents', { ChildId: '$shop' }),
      gets: { Parents: [{ Id: '$prod' }] },
    },
    {
      as: 'management',
      asks: askOrganizations('ListOrganizationalUnitsForParent', { ParentId: '$root' }),
      gets: { OrganizationalUnits: inAnyOrder([{ Id: '$workloads' }, { Id: '$sandbox' }]) },
    },
  ],
  leaves: [],
})

scenario('a unit is renamed and deleted only when it is empty', {
  steps: [
    {
      as: 'management',
      asks: askOrganizations('DeleteOrganizationalUnit', { OrganizationalUnitId: '$prod' }),
      refused: 'OrganizationalUnitNotEmptyException',
      saying:
        'The specified action is not valid for `$prod`. Move its accounts to another parent and delete its units first.',
    },
    {
      as: 'management',
      asks: askOrganizations('CreateOrganizationalUnit', { ParentId: '$workloads', Name: 'Dev' }),
      refused: 'DuplicateOrganizationalUnitException',
      saying: '`$workloads` already has an organizational unit with this name.',
    },
    {
      as: 'management',
      asks: askOrganizations('CreateOrganizationalUnit', { ParentId: '$workloads', Name: 'Test' }),
      gets: { OrganizationalUnit: { Id: '$test', Name: 'Test' } },
    },
    {
      as: 'management',
      asks: askOrganizations('UpdateOrganizationalUnit', { OrganizationalUnitId: '$test', Name: 'Staging' }),
      gets: { OrganizationalUnit: { Id: '$test', Name: 'Staging' } },
    },
    { as: 'management', asks: askOrganizations('DeleteOrganizationalUnit', { OrganizationalUnitId: '$test' }) },
    {
      as: 'management',
      asks: askOrganizations('DescribeOrganizationalUnit', { OrganizationalUnitId: '$test' }),
      refused: 'OrganizationalUnitNotFoundException',
      saying: "The organizational unit '$test' does not exist.",
    },
  ],
  leaves: [],
})

scenario('one account at a time administers IPAM for the organization', {
  steps: [
    {
      as: 'management',
      asks: askOrganizations('ListDelegatedAdministrators', { ServicePrincipal: 'ipam.amazonaws.com' }),
      gets: { DelegatedAdministrators: [{ Id: '$network', Name: 'network', Status: 'ACTIVE' }] },
    },
    {
      as: 'shop',
      asks: ask('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: '$shop' }),
      refused: 'UnauthorizedOperation',
      saying:
        'You are not authorized to perform `ec2:EnableIpamOrganizationAdminAccount`. Only the management account of the organization may do this.',
    },
    {
      as: 'management',
      asks: ask('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: '$shop' }),
      refused: 'IncorrectState',
      saying:
        'The specified action is not valid for `$shop`. Account `$network` is the IPAM administrator of the organization; disable it first.',
    },
    {
      as: 'management',
      asks: ask('DisableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: '$network' }),
      gets: { Success: true },
    },
    {
      as: 'management',
      asks: ask('EnableIpamOrganizationAdminAccount', { DelegatedAdminAccountId: '$shop' }),
      gets: { Success: true },
    },
    {
      as: 'management',
      asks: askOrganizations('ListDelegatedAdministrators'),
      gets: { DelegatedAdministrators: [{ Id: '$shop' }] },
    },
  ],
  leaves: [],
})
