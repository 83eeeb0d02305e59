// Stories of policies: the nine operations, whose document applies, how strictly, and settings kept as tags.
import { abroad, home } from './acme.ts'
import { policy, pool, setRules, tag } from './chapters.ts'
import { ask, askOrganizations, inAnyOrder, type Step, scenario } from './scenario.ts'

const takes = (as: 'shop' | 'lab' | 'toys', from: string): Step => ({
  as,
  asks: ask('AllocateAddress', {}),
  gets: { PublicIpv4Pool: from },
})
const enable = (name: string, target: string): Step => ({
  as: 'network',
  asks: ask('EnableIpamPolicy', { IpamPolicyId: `$${name}`, OrganizationTargetId: target }),
  gets: { IpamPolicyId: `$${name}` },
})
const disable = (name: string, target: string): Step => ({
  as: 'network',
  asks: ask('DisableIpamPolicy', { IpamPolicyId: `$${name}`, OrganizationTargetId: target }),
  gets: { Return: true },
})

scenario('a policy is made, ruled, enabled, read, disabled and deleted', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/28' }),
    pool('spare', { cidr: '198.51.100.0/28' }),
    policy('law', { rules: { eip: ['edge', 'spare'], rnat: ['spare'] } }),
    {
      as: 'network',
      asks: ask('DescribeIpamPolicies', {}),
      gets: {
        IpamPolicies: [
          {
            IpamPolicyId: '$law',
            IpamId: '$ipam',
            OwnerId: '$network',
            IpamPolicyArn: 'arn:aws:ec2::$network:ipam-policy/$law',
            IpamPolicyRegion: home,
            State: 'modify-complete',
          },
        ],
      },
    },
    {
      as: 'network',
      asks: ask('GetIpamPolicyAllocationRules', { IpamPolicyId: '$law' }),
      gets: {
        IpamPolicyDocuments: [
          {
            IpamPolicyId: '$law',
            Locale: home,
            ResourceType: 'eip',
            AllocationRules: [{ SourceIpamPoolId: '$edge' }, { SourceIpamPoolId: '$spare' }],
          },
          { Locale: home, ResourceType: 'rnat', AllocationRules: [{ SourceIpamPoolId: '$spare' }] },
        ],
      },
    },
    { as: 'shop', asks: ask('GetEnabledIpamPolicy'), gets: { IpamPolicyEnabled: false, IpamPolicyId: undefined } },
    enable('law', '$workloads'),
    enable('law', '$toys'),
    {
      as: 'network',
      asks: ask('GetIpamPolicyOrganizationTargets', { IpamPolicyId: '$law' }),
      gets: {
        OrganizationTargets: inAnyOrder([{ OrganizationTargetId: '$workloads' }, { OrganizationTargetId: '$toys' }]),
      },
    },
    {
      as: 'shop',
      asks: ask('GetEnabledIpamPolicy'),
      gets: { IpamPolicyEnabled: true, IpamPolicyId: '$law', ManagedBy: 'delegated-administrator-for-ipam' },
    },
    {
      as: 'network',
      asks: ask('DeprovisionIpamPoolCidr', { IpamPoolId: '$edge', Cidr: '203.0.113.0/28' }),
    },
    {
      as: 'network',
      asks: ask('DeleteIpamPool', { IpamPoolId: '$edge' }),
      refused: 'DependencyViolation',
      saying: 'The specified action is not valid for `$edge`. It is named in the allocation rules of the policy $law.',
    },
    disable('law', '$workloads'),
    {
      as: 'network',
      asks: ask('DeleteIpamPolicy', { IpamPolicyId: '$law' }),
      refused: 'DependencyViolation',
      saying: 'The specified action is not valid for `$law`. The policy is enabled on $toys; disable it there first.',
    },
    disable('law', '$toys'),
    { as: 'shop', asks: ask('GetEnabledIpamPolicy'), gets: { IpamPolicyEnabled: false } },
    { as: 'network', asks: setRules('law', 'rnat', []), gets: { IpamPolicyDocument: { AllocationRules: [] } } },
    {
      as: 'network',
      asks: ask('GetIpamPolicyAllocationRules', { IpamPolicyId: '$law', ResourceType: 'rnat' }),
      gets: { IpamPolicyDocuments: [] },
    },
    {
      as: 'network',
      asks: ask('DeleteIpamPolicy', { IpamPolicyId: '$law' }),
      gets: { IpamPolicy: { State: 'delete-in-progress' } },
    },
    {
      as: 'network',
      asks: ask('DescribeIpamPolicies', { IpamPolicyIds: ['$law'] }),
      refused: 'InvalidIpamPolicyId.NotFound',
      saying: "The ipam-policy ID '$law' does not exist",
    },
    { as: 'network', asks: ask('DescribeIpamPolicies', {}), gets: { IpamPolicies: [] } },
    takes('shop', 'amazon'),
  ],
  leaves: ['shop eip 198.18.0.0 of amazon'],
})

scenario('the policy nearest to the account gives the pool; a moved account has the policy of its new place at once', {
  steps: [
    pool('all', { cidr: '203.0.113.0/28' }),
    pool('live', { cidr: '198.51.100.0/28' }),
    policy('everywhere', { rules: { eip: ['all'] }, on: ['$root'] }),
    policy('prodlaw', { rules: { eip: ['live'] }, on: ['$prod'] }),
    takes('shop', '$live'),
    takes('lab', '$all'),
    {
      as: 'management',
      asks: askOrganizations('MoveAccount', {
        AccountId: '$shop',
        SourceParentId: '$prod',
        DestinationParentId: '$dev',
      }),
    },
    takes('shop', '$all'),
  ],
  leaves: [
    'shop eip 198.51.100.0 of live',
    'shop eip 203.0.113.1 of all',
    'lab eip 203.0.113.0 of all',
    'live: 198.51.100.0/32 eip shop',
    'all: 203.0.113.0/32 eip lab',
    'all: 203.0.113.1/32 eip shop',
  ],
})

scenario('strict policies inherit each document by itself; those of AWS win whole', {
  steps: [
    pool('all', { cidr: '203.0.113.0/28' }),
    pool('nats', { cidr: '198.51.100.0/28' }),
    policy('everywhere', { rules: { eip: ['all'] }, on: ['$root'] }),
    policy('prodlaw', { rules: { rnat: ['nats'] }, on: ['$prod'] }),
    policy('devlaw', { settings: { compatibility: 'aws' }, rules: { rnat: ['nats'] }, on: ['$dev'] }),
    takes('shop', '$all'),
    takes('lab', 'amazon'),
  ],
  leaves: ['shop eip 203.0.113.0 of all', 'lab eip 198.18.0.0 of amazon', 'all: 203.0.113.0/32 eip shop'],
})

scenario("AWS's semantics: an explicit pool wins, and a dry pool falls back", {
  steps: [
    pool('edge', { cidr: '203.0.113.0/32' }),
    pool('spare', { cidr: '198.51.100.0/28', tags: { 'cadastre:shared-with': '$shop' } }),
    policy('law', { settings: { compatibility: 'aws' }, rules: { eip: ['edge'] }, on: ['$root'] }),
    { as: 'shop', asks: ask('AllocateAddress', { IpamPoolId: '$spare' }), gets: { PublicIpv4Pool: '$spare' } },
    takes('shop', '$edge'),
    takes('shop', 'amazon'),
  ],
  leaves: [
    'shop eip 198.51.100.0 of spare',
    'shop eip 203.0.113.0 of edge',
    'shop eip 198.18.0.0 of amazon',
    'spare: 198.51.100.0/32 eip shop',
    'edge: 203.0.113.0/32 eip shop',
  ],
})

scenario('a final assignment narrows what is below it, and two that cannot both be met are refused', {
  steps: [
    pool('one', { cidr: '203.0.113.0/30' }),
    pool('two', { cidr: '198.51.100.0/30' }),
    pool('three', { cidr: '192.0.2.0/30' }),
    policy('final', { settings: { assignment: 'final' }, rules: { eip: ['two', 'three'] }, on: ['$root'] }),
    policy('law', { rules: { eip: ['one', 'two'] }, on: ['$workloads'] }),
    takes('shop', '$two'),
    takes('toys', '$two'),
    policy('lost', { rules: { eip: ['one'] } }),
    {
      as: 'network',
      asks: ask('EnableIpamPolicy', { IpamPolicyId: '$lost', OrganizationTargetId: '$sandbox' }),
      refused: 'OperationNotPermitted',
      saying:
        'Policy `$lost` version 2, enabled on `$sandbox`, and policy `$final` version 2, enabled on `$root`, cannot both be met for eip in us-east-1 at `$sandbox`: they list no pool in common. Change one of them first.',
    },
    {
      as: 'network',
      asks: ask('GetIpamPolicyOrganizationTargets', { IpamPolicyId: '$lost' }),
      gets: { OrganizationTargets: [] },
    },
  ],
  leaves: [
    'shop eip 198.51.100.0 of two',
    'toys eip 198.51.100.1 of two',
    'two: 198.51.100.0/32 eip shop',
    'two: 198.51.100.1/32 eip toys',
  ],
})

scenario('a policy that observes changes nothing; one that warns tells; one that enforces acts', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/30' }),
    pool('spare', { cidr: '198.51.100.0/30', tags: { 'cadastre:shared-with': '$root' } }),
    policy('law', { settings: { mode: 'observe' }, rules: { eip: ['edge'] }, on: ['$root'] }),
    takes('shop', 'amazon'),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$spare' }),
      gets: { PublicIpv4Pool: '$spare', decision: '$observed', warning: undefined },
    },
    {
      explain: '$observed',
      says: [
        'outcome     allow (observe)',
        'from        $spare',
        '  4. skip target    $law: assignments in mode observe do not act; enforced, the request would be denied',
      ],
    },
    tag('$law', { 'cadastre:mode': 'warn' }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$spare' }),
      gets: {
        PublicIpv4Pool: '$spare',
        decision: '$warned',
        warning:
          'Warning: Policy `$law` version 2 on `$root` would deny this: it does not let you choose `$spare`; allowed: $edge.',
      },
    },
    { explain: '$warned', says: ['outcome     warn (warn)', 'from        $spare'] },
    tag('$law', { 'cadastre:mode': 'enforce' }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$spare' }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$law` version 2, enabled on `$root`, does not let you choose `$spare`; allowed: `$edge`.',
        'Policy: `$law` version 2, enabled on `$root`.',
        'Document: eip in us-east-1.',
        'Decided by: setting `on-explicit`.',
        'Value: $spare.',
        'Allowed: $edge.',
        'For an exception, ask account $network, the owner of policy `$law`, naming $decision.',
        'Nearest change: Do not name `$spare`: it would come from pool `$edge`.',
        "To request an exception, as somebody with `ipam-administrator` or `resource-operator` at account $shop: `cadastre exception request --decision $decision --for 7d --reason 'WHY'`.",
      ].join('\n'),
    },
    takes('shop', '$edge'),
    tag('$law', { 'cadastre:mode': 'off' }),
    takes('shop', 'amazon'),
  ],
  leaves: [
    'shop eip 198.18.0.0 of amazon',
    'shop eip 198.18.0.1 of amazon',
    'shop eip 198.51.100.0 of spare',
    'shop eip 198.51.100.1 of spare',
    'shop eip 203.0.113.0 of edge',
    'spare: 198.51.100.0/32 eip shop',
    'spare: 198.51.100.1/32 eip shop',
    'edge: 203.0.113.0/32 eip shop',
  ],
})

scenario('settings are tags: steered choices, required tags, conditions on accounts, and no misspelt word', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/30' }),
    pool('labs', { cidr: '192.0.2.0/30' }),
    pool('spare', { cidr: '198.51.100.0/30', tags: { 'cadastre:shared-with': '$root' } }),
    policy('law', { rules: { eip: ['labs', 'edge'] }, on: ['$root'] }),
    tag('$law', { 'cadastre:when/$labs': 'ou=$dev', 'cadastre:on-explicit': 'steer' }),
    takes('lab', '$labs'),
    takes('shop', '$edge'),
    {
      as: 'shop',
      asks: ask('AllocateAddress', { IpamPoolId: '$spare' }),
      gets: {
        PublicIpv4Pool: '$edge',
        decision: '$steered',
        warning:
          'An eip in us-east-1 got 203.0.113.1/32 from pool `$edge`, by policy `$law` version 3, enabled on `$root`, rule 2; your choice `$spare` is not listed and was not followed.',
      },
    },
    {
      explain: '$steered',
      says: ['outcome     steer (enforce)', 'asked for   eip in us-east-1, ipv4 from $spare'].reverse(),
    },
    tag('$law', { 'cadastre:required-tags/us-east-1/eip': 'env,team=net' }),
    {
      as: 'shop',
      asks: ask('AllocateAddress', {
        TagSpecifications: [{ ResourceType: 'elastic-ip', Tags: [{ Key: 'env', Value: 'x' }] }],
      }),
      refused: 'UnauthorizedOperation',
      saying: [
        '$decision: Policy `$law` version 4, enabled on `$root`, requires tags that the request does not carry (no team); allowed: `env`, `team=net`.',
        'Policy: `$law` version 4, enabled on `$root`.',
        'Document: eip in us-east-1.',
        'Decided by: setting `required-tags`.',
        'Value: no team.',
        'Allowed: env, team=net.',
        'Missing tags: team=net.',
        'Carry the tags; there is no exception to this.',
        'Nearest change: Add the tag `team=net`: it would come from pool `$edge`.',
      ].join('\n'),
    },
    { explain: '$decision', says: ['outcome     deny (enforce)', 'policy      $law version 4'] },
    {
      as: 'network',
      asks: ask('CreateTags', { Resources: ['$law'], Tags: [{ Key: 'cadastre:on-explcit', Value: 'allow' }] }),
      refused: 'InvalidParameterValue',
      saying:
        'Value (allow) for parameter cadastre:on-explcit is invalid. It is no setting of a policy; known are `cadastre:compatibility`, `cadastre:mode`, `cadastre:assignment`, `cadastre:on-explicit`, `cadastre:on-exhausted`, `cadastre:size`, `cadastre:size-ipv6`, `cadastre:required-tags`, `cadastre:when`.',
    },
    {
      as: 'network',
      asks: ask('CreateTags', { Resources: ['$law'], Tags: [{ Key: 'cadastre:mode', Value: 'maybe' }] }),
      refused: 'InvalidParameterValue',
      saying: 'Value (maybe) for parameter cadastre:mode is invalid. Allowed is `enforce`, `warn`, `observe`, `off`.',
    },
  ],
  leaves: [
    'lab eip 192.0.2.0 of labs',
    'shop eip 203.0.113.0 of edge',
    'shop eip 203.0.113.1 of edge',
    'labs: 192.0.2.0/32 eip lab',
    'edge: 203.0.113.0/32 eip shop',
    'edge: 203.0.113.1/32 eip shop',
  ],
})

scenario('rules take only pools that fit their Region and type, and nobody else changes a policy', {
  steps: [
    pool('edge', { cidr: '203.0.113.0/30' }),
    pool('far', { cidr: '198.51.100.0/30', Locale: abroad }),
    pool('inside', { IpamScopeId: '$private', cidr: '10.0.0.0/16' }),
    policy('law', { rules: { eip: ['edge'] } }),
    {
      as: 'network',
      asks: setRules('law', 'eip', ['far']),
      refused: 'InvalidParameterValue',
      saying:
        'Value ($far) for parameter AllocationRule.1.SourceIpamPoolId is invalid. Its Locale is eu-central-1, not us-east-1.',
    },
    {
      as: 'network',
      asks: setRules('law', 'eip', ['edge', 'inside']),
      refused: 'InvalidParameterValue',
      saying:
        'Value ($inside) for parameter AllocationRule.2.SourceIpamPoolId is invalid. Eip needs a pool in the public scope.',
    },
    {
      as: 'network',
      asks: setRules('law', 'lamp', ['edge']),
      refused: 'InvalidParameterValue',
      saying:
        'Value (lamp) for parameter resourceType is invalid. It must be one of eip, rnat, alb, rds, vpc, subnet, custom, aws:network-interface, azure:network-interface, azure:public-ip, azure:public-ip-prefix, azure:virtual-network, azure:subnet, gcp:address, gcp:subnetwork, k8s:load-balancer, k8s:network, onprem:host, onprem:network.',
    },
    {
      as: 'shop',
      asks: setRules('law', 'eip', []),
      refused: 'InvalidIpamPolicyId.NotFound',
      saying: "The ipam-policy ID '$law' does not exist",
    },
    {
      as: 'shop',
      asks: ask('EnableIpamPolicy', { IpamPolicyId: '$law', OrganizationTargetId: '$shop' }),
      refused: 'InvalidIpamPolicyId.NotFound',
      saying: "The ipam-policy ID '$law' does not exist",
    },
    {
      as: 'network',
      asks: ask('EnableIpamPolicy', { IpamPolicyId: '$law', OrganizationTargetId: 'ou-none-00000000' }),
      refused: 'InvalidOrganizationTargetId.NotFound',
      saying: "The organization target 'ou-none-00000000' does not exist",
    },
    {
      as: 'network',
      asks: ask('GetIpamPolicyAllocationRules', { IpamPolicyId: '$law' }),
      gets: { IpamPolicyDocuments: [{ ResourceType: 'eip', AllocationRules: [{ SourceIpamPoolId: '$edge' }] }] },
    },
  ],
  leaves: [],
})
