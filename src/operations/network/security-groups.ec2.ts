// Security groups over the EC2 API: groups, and their rules as permissions and by their ids.
import type {
  AuthorizeSecurityGroupIngressRequest,
  SecurityGroup as GroupShown,
  IpPermission,
  RevokedSecurityGroupRule as RevokedShown,
  SecurityGroupRule as RuleShown,
  SecurityGroupRuleRequest,
  UpdateSecurityGroupRuleDescriptionsIngressRequest,
} from '#formats/aws/ec2.generated.ts'
import {
  allProtocols,
  canonical,
  hasPorts,
  type Part,
  partsOf,
  protocolName,
  type Rule,
  trafficProblem,
} from '#model/network-object.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import type { Tag } from '#model/tags.ts'
import { filterBy, nothing, refuseIdsWithPaging } from '../listing.aws.ts'
import { readSlicedPage } from '../listing.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import type { ReadContext, WriteContext } from '../operation.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import { describePage, exactly } from './objects.ec2.ts'
import type { ListedObject, ObjectState } from './objects.ts'
import {
  authorize,
  changeRules,
  createSecurityGroup as create,
  findSame,
  getGroup,
  getGroupCalled,
  getRule,
  type ListedRule,
  deleteSecurityGroup as remove,
  revoke,
  revokeById,
  rulesOf,
  tagsOfRules,
} from './security-groups.ts'

export const createSecurityGroup = ec2Write(
  'CreateSecurityGroup',
  async (context, input) => {
    const { VpcId: vpcId, GroupName: name, Description: description } = input
    refuseBadText('GroupName', name)
    refuseBadText('GroupDescription', description)
    if (name.startsWith('sg-')) refuseValue('GroupName', name, worded('a name does not begin with `sg-`'))
    const tags = tagsToCreate(input.TagSpecifications, 'security-group')
    const made = await create(context, { vpcId, name, description, tags })
    return { GroupId: made.object.id, Tags: showTags(tags), SecurityGroupArn: arnOf(made.object) }
  },
  { name: 'GroupName' },
)

export const deleteSecurityGroup = ec2Write('DeleteSecurityGroup', async (context, input) => {
  const { object } = await groupIn(context, input)
  await remove(context, object.id)
  return { Return: true, GroupId: object.id }
})

export const describeSecurityGroups = ec2Read('DescribeSecurityGroups', async (context, input) => {
  const named: string[] = []
  for (const name of input.GroupNames ?? []) named.push((await getGroupCalled(context, name)).object.id)
  const ids = [...(input.GroupIds ?? []), ...named]
  const { items, NextToken } = await describePage(context, input, 'securityGroup', {
    ids: ['GroupIds', ids],
    idFilter: 'group-id',
    vpcFilter: 'vpc-id',
    fields: groupFilters,
    show: (states) => states.map(show),
  })
  return { SecurityGroups: items, NextToken }
})

const authorizing =
  (isEgress: boolean) => async (context: WriteContext, input: AuthorizeSecurityGroupIngressRequest) => {
    const group = await groupIn(context, input)
    const rules = await rulesIn(context, group, input, isEgress)
    const tags = tagsToCreate(input.TagSpecifications, 'security-group-rule')
    const added = await authorize(context, group, rules, tags)
    return { Return: true, SecurityGroupRules: added.map((part) => showRule(group, part, tags)) }
  }
export const authorizeSecurityGroupIngress = ec2Write('AuthorizeSecurityGroupIngress', authorizing(false))
export const authorizeSecurityGroupEgress = ec2Write('AuthorizeSecurityGroupEgress', authorizing(true))

const revoking =
  (isEgress: boolean) =>
  async (
    context: WriteContext,
    input: Omit<AuthorizeSecurityGroupIngressRequest, 'TagSpecifications'> & {
      readonly SecurityGroupRuleIds?: readonly string[]
    },
  ) => {
    const group = await groupIn(context, input)
    const { SecurityGroupRuleIds: ids } = input
    const gone = ids?.length
      ? await revokeById(context, group, ids, isEgress)
      : await revoke(context, group, await rulesIn(context, group, input, isEgress))
    return {
      Return: true,
      UnknownIpPermissions: [],
      RevokedSecurityGroupRules: gone.map((part) => showRevoked(group, part)),
    }
  }
export const revokeSecurityGroupIngress = ec2Write('RevokeSecurityGroupIngress', revoking(false))
export const revokeSecurityGroupEgress = ec2Write('RevokeSecurityGroupEgress', revoking(true))

export const modifySecurityGroupRules = ec2Write('ModifySecurityGroupRules', async (context, input) => {
  const group = await getGroup(context, input.GroupId)
  const changes = []
  for (const [index, { SecurityGroupRuleId: id, SecurityGroupRule: wanted }] of input.SecurityGroupRules.entries()) {
    const field = `SecurityGroupRule.${index + 1}.SecurityGroupRule`
    if (!wanted) refuse({ code: 'MissingParameter', field })
    const rule = ruleIn(group, wanted, getRule(group, id).body.isEgress, field)
    changes.push({ id, change: () => rule })
  }
  await changeRules(context, group, changes)
  return { Return: true }
})

const describing =
  (isEgress: boolean) => async (context: WriteContext, input: UpdateSecurityGroupRuleDescriptionsIngressRequest) => {
    const group = await groupIn(context, input)
    const described = (input.SecurityGroupRuleDescriptions ?? []).map(({ SecurityGroupRuleId: id, Description }) => {
      if (id === undefined)
        refuse({ code: 'MissingParameter', field: 'SecurityGroupRuleDescription.SecurityGroupRuleId' })
      return { id, description: Description }
    })
    const permissions = input.IpPermissions?.length ? await rulesIn(context, group, input, isEgress) : []
    const all = [
      ...described,
      ...permissions.map((rule) => ({ id: findSame(group, rule).key, description: rule.description })),
    ]
    if (all.length === 0) refuse({ code: 'MissingParameter', field: 'IpPermissions' })
    const changes = all.map(({ id, description }) => ({
      id,
      change: ({ description: _, ...rule }: Rule): Rule =>
        description === undefined ? rule : { ...rule, description },
    }))
    await changeRules(context, group, changes)
    return { Return: true }
  }
export const updateSecurityGroupRuleDescriptionsIngress = ec2Write(
  'UpdateSecurityGroupRuleDescriptionsIngress',
  describing(false),
)
export const updateSecurityGroupRuleDescriptionsEgress = ec2Write(
  'UpdateSecurityGroupRuleDescriptionsEgress',
  describing(true),
)

export const describeSecurityGroupRules = ec2Read('DescribeSecurityGroupRules', async (context, input) => {
  const { SecurityGroupRuleIds: ids, Filters } = input
  refuseIdsWithPaging(ids, 'SecurityGroupRuleIds', input)
  const matching = filterBy(context, Filters, ruleFilters, ({ Tags }: RuleShown) => Tags ?? [])
  const asked = ids?.length ? ids : exactly(Filters, 'security-group-rule-id')
  const listed = await rulesOf(context, { ids, groupIds: exactly(Filters, 'group-id') })
  const page = { limit: input.MaxResults ?? rulesPerPage, after: input.NextToken }
  const { items, next } = await readSlicedPage<ListedRule, RuleShown>(context, page, {
    ...listed,
    async show(rows) {
      const tags = await tagsOfRules(context, rows)
      return matching(
        rows.map(({ group, part }) =>
          asked && !asked.includes(part.key) ? undefined : showRule(group, part, tags.get(part.key) ?? []),
        ),
      )
    },
  })
  return { SecurityGroupRules: items, NextToken: next }
})
const rulesPerPage = 1_000

// The request --------------------------------------------------------------------------------------------------------

async function groupIn(
  context: ReadContext,
  { GroupId: id, GroupName: name }: { readonly GroupId?: string; readonly GroupName?: string },
): Promise<ObjectState> {
  if (id !== undefined) return getGroup(context, id)
  if (name === undefined) refuse({ code: 'MissingParameter', field: 'GroupId' })
  return getGroupCalled(context, name)
}

const textLengthMax = 255
function refuseBadText(field: string, text: string): void {
  if (text === '' || text.length > textLengthMax)
    refuseValue(field, text, worded(`it has 1 to ${textLengthMax} characters`))
  if (!/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]+$/.test(text)) {
    refuseValue(field, text, worded('letters, digits, spaces and ._-:/()#,@[]+=&;{}!$* are allowed'))
  }
}
function refuseBadDescription(field: string, text: string | undefined): void {
  if (text !== undefined && text !== '') refuseBadText(field, text)
}

type PermissionsInput = Omit<
  AuthorizeSecurityGroupIngressRequest,
  'GroupId' | 'GroupName' | 'TagSpecifications' | 'DryRun'
>
/** The rules that a request lists: one for each source or destination of each permission. */
async function rulesIn(
  context: ReadContext,
  group: ObjectState,
  input: PermissionsInput,
  isEgress: boolean,
): Promise<readonly Rule[]> {
  const rules: Rule[] = []
  for (const [index, permission] of permissionsIn(input).entries()) {
    const field = `IpPermissions.${index + 1}`
    const { UserIdGroupPairs = [], IpRanges = [], Ipv6Ranges = [], PrefixListIds = [] } = permission
    const wanted: SecurityGroupRuleRequest = {
      IpProtocol: permission.IpProtocol,
      FromPort: permission.FromPort,
      ToPort: permission.ToPort,
    }
    const count = rules.length
    const add = (one: SecurityGroupRuleRequest, userId?: string): void => {
      rules.push(ruleIn(group, { ...wanted, ...one }, isEgress, field, userId))
    }
    for (const { CidrIp: CidrIpv4, Description } of IpRanges) add({ CidrIpv4, Description })
    for (const { CidrIpv6, Description } of Ipv6Ranges) add({ CidrIpv6, Description })
    for (const { PrefixListId, Description } of PrefixListIds) add({ PrefixListId, Description })
    for (const { GroupId, GroupName, UserId, Description } of UserIdGroupPairs) {
      const named =
        GroupId ?? (GroupName === undefined ? undefined : (await getGroupCalled(context, GroupName)).object.id)
      add({ ReferencedGroupId: named, Description }, UserId)
    }
    if (rules.length === count) refuse({ code: 'MissingParameter', field: `${field}.IpRanges` })
  }
  return rules
}
function permissionsIn(input: PermissionsInput): readonly IpPermission[] {
  const { IpPermissions, IpProtocol, FromPort, ToPort, CidrIp } = input
  if (IpPermissions?.length) return IpPermissions
  const { SourceSecurityGroupName: GroupName, SourceSecurityGroupOwnerId: UserId } = input
  if (CidrIp === undefined && GroupName === undefined) refuse({ code: 'MissingParameter', field: 'IpPermissions' })
  const ranges = CidrIp === undefined ? { UserIdGroupPairs: [{ GroupName, UserId }] } : { IpRanges: [{ CidrIp }] }
  return [{ IpProtocol: IpProtocol ?? (CidrIp === undefined ? allProtocols : undefined), FromPort, ToPort, ...ranges }]
}

function ruleIn(
  { object }: ObjectState,
  wanted: SecurityGroupRuleRequest,
  isEgress: boolean,
  field: string,
  userId = object.account,
): Rule {
  const { IpProtocol: protocolText, FromPort, ToPort, Description: description } = wanted
  if (protocolText === undefined) refuse({ code: 'MissingParameter', field: `${field}.IpProtocol` })
  const protocol = protocolName(protocolText)
  if (protocol === undefined) {
    refuseValue(`${field}.IpProtocol`, protocolText, worded('the name or number of a protocol is expected'))
  }
  refuseBadDescription(`${field}.Description`, description)
  const isIcmp = protocol === 'icmp' || protocol === 'icmpv6'
  const ports = hasPorts(protocol)
    ? { fromPort: FromPort ?? (isIcmp ? -1 : undefined), toPort: ToPort ?? (isIcmp ? -1 : undefined) }
    : {}
  const problem = trafficProblem({ protocol, ...ports })
  if (problem) refuseValue(`${field}.FromPort`, FromPort ?? '', worded(problem))
  return {
    isEgress,
    protocol,
    ...ports,
    peer: peerIn(wanted, field, userId),
    ...(description === undefined || description === '' ? {} : { description }),
  }
}
function peerIn(wanted: SecurityGroupRuleRequest, field: string, account: string): Rule['peer'] {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId } = wanted
  const given = [CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId].filter((one) => one !== undefined)
  if (given.length !== 1) {
    const problem = `\`${field}\` must name exactly one source or destination.`
    refuse({ code: 'InvalidParameterCombination', problem: worded(problem) })
  }
  if (PrefixListId !== undefined) {
    if (!PrefixListId.startsWith('pl-'))
      refuseValue(`${field}.PrefixListId`, PrefixListId, worded('an id such as `pl-…` is expected'))
    return { kind: 'prefix-list', id: PrefixListId }
  }
  if (ReferencedGroupId !== undefined) {
    if (!ReferencedGroupId.startsWith('sg-'))
      refuseValue(`${field}.GroupId`, ReferencedGroupId, worded('an id such as `sg-…` is expected'))
    return { kind: 'group', id: ReferencedGroupId, account }
  }
  const [kind, family, text] =
    CidrIpv4 === undefined ? (['ipv6', 6, CidrIpv6!] as const) : (['ipv4', 4, CidrIpv4] as const)
  const cidr = canonical(text, family)
  if (cidr === undefined) {
    const name = family === 4 ? 'CidrIp' : 'CidrIpv6'
    const aws = { sentence: `CIDR block ${text} is malformed` }
    refuse({
      code: 'InvalidParameterValue',
      field: `${field}.${name}`,
      value: text,
      problem: worded(`an IPv${family} block is expected`),
      aws,
    })
  }
  return { kind, cidr }
}

// The answer ---------------------------------------------------------------------------------------------------------

const arnOf = ({ id, account, region }: ListedObject): string => `arn:aws:ec2:${region}:${account}:security-group/${id}`

const show = ({ object, parts, tags }: ObjectState): GroupShown => {
  const rules = partsOf(parts, 'rule').map(({ body }) => body)
  return {
    GroupId: object.id,
    GroupName: object.name,
    Description: object.body.description,
    VpcId: object.vpcId,
    OwnerId: object.account,
    SecurityGroupArn: arnOf(object),
    IpPermissions: showPermissions(rules.filter(({ isEgress }) => !isEgress)),
    IpPermissionsEgress: showPermissions(rules.filter(({ isEgress }) => isEgress)),
    Tags: showTags(tags),
  }
}

/** Rules of one protocol and the same ports are one permission. */
function showPermissions(rules: readonly Rule[]): readonly IpPermission[] {
  const grouped = Map.groupBy(rules, ({ protocol, fromPort, toPort }) => `${protocol} ${fromPort} ${toPort}`)
  return [...grouped.values()].map((same): IpPermission => {
    const { protocol, fromPort, toPort } = same[0]!
    return {
      IpProtocol: protocol,
      ...(fromPort === undefined ? {} : { FromPort: fromPort, ToPort: toPort }),
      IpRanges: same.flatMap(({ peer, description: Description }) =>
        peer.kind === 'ipv4' ? { CidrIp: peer.cidr, Description } : [],
      ),
      Ipv6Ranges: same.flatMap(({ peer, description: Description }) =>
        peer.kind === 'ipv6' ? { CidrIpv6: peer.cidr, Description } : [],
      ),
      PrefixListIds: same.flatMap(({ peer, description: Description }) =>
        peer.kind === 'prefix-list' ? { PrefixListId: peer.id, Description } : [],
      ),
      UserIdGroupPairs: same.flatMap(({ peer, description: Description }) =>
        peer.kind === 'group' ? { GroupId: peer.id, UserId: peer.account, Description } : [],
      ),
    }
  })
}

const traffic = ({ protocol, fromPort = -1, toPort = -1 }: Rule) => ({
  IpProtocol: protocol,
  FromPort: fromPort,
  ToPort: toPort,
})
const peerShown = ({ peer }: Rule) =>
  peer.kind === 'ipv4'
    ? { CidrIpv4: peer.cidr }
    : peer.kind === 'ipv6'
      ? { CidrIpv6: peer.cidr }
      : peer.kind === 'prefix-list'
        ? { PrefixListId: peer.id }
        : {}

function showRule({ object }: ObjectState, { key, body }: Part<'rule'>, tags: readonly Tag[]): RuleShown {
  const { peer } = body
  return {
    SecurityGroupRuleId: key,
    SecurityGroupRuleArn: `arn:aws:ec2:${object.region}:${object.account}:security-group-rule/${key}`,
    GroupId: object.id,
    GroupOwnerId: object.account,
    IsEgress: body.isEgress,
    ...traffic(body),
    ...peerShown(body),
    ...(peer.kind === 'group' ? { ReferencedGroupInfo: { GroupId: peer.id, UserId: peer.account } } : {}),
    Description: body.description,
    Tags: showTags(tags),
  }
}
const showRevoked = ({ object }: ObjectState, { key, body }: Part<'rule'>): RevokedShown => ({
  SecurityGroupRuleId: key,
  GroupId: object.id,
  IsEgress: body.isEgress,
  ...traffic(body),
  ...peerShown(body),
  ...(body.peer.kind === 'group' ? { ReferencedGroupId: body.peer.id } : {}),
  Description: body.description,
})

const ofPermissions =
  (
    direction: 'IpPermissions' | 'IpPermissionsEgress',
    valuesOf: (one: IpPermission) => readonly unknown[] | undefined,
  ) =>
  (group: GroupShown) =>
    group[direction]?.flatMap((one) =>
      (valuesOf(one) ?? []).flatMap((value) => (value === undefined ? [] : String(value))),
    )
const permissionFilters = (prefix: string, direction: 'IpPermissions' | 'IpPermissionsEgress') => ({
  [`${prefix}.cidr`]: ofPermissions(direction, ({ IpRanges }) => IpRanges?.map(({ CidrIp }) => CidrIp)),
  [`${prefix}.ipv6-cidr`]: ofPermissions(direction, ({ Ipv6Ranges }) => Ipv6Ranges?.map(({ CidrIpv6 }) => CidrIpv6)),
  [`${prefix}.from-port`]: ofPermissions(direction, ({ FromPort }) => [FromPort]),
  [`${prefix}.to-port`]: ofPermissions(direction, ({ ToPort }) => [ToPort]),
  [`${prefix}.protocol`]: ofPermissions(direction, ({ IpProtocol }) => [IpProtocol]),
  [`${prefix}.group-id`]: ofPermissions(direction, ({ UserIdGroupPairs: all }) => all?.map(({ GroupId }) => GroupId)),
  // Groups are named by their ids in answers.
  [`${prefix}.group-name`]: nothing,
  [`${prefix}.prefix-list-id`]: ofPermissions(direction, ({ PrefixListIds: all }) =>
    all?.map(({ PrefixListId }) => PrefixListId),
  ),
  [`${prefix}.user-id`]: ofPermissions(direction, ({ UserIdGroupPairs: all }) => all?.map(({ UserId }) => UserId)),
})
const groupFilters = {
  ...permissionFilters('ip-permission', 'IpPermissions'),
  ...permissionFilters('egress.ip-permission', 'IpPermissionsEgress'),
  description: ({ Description }: GroupShown) => Description,
  'group-id': ({ GroupId }: GroupShown) => GroupId,
  'group-name': ({ GroupName }: GroupShown) => GroupName,
  'owner-id': ({ OwnerId }: GroupShown) => OwnerId,
  'vpc-id': ({ VpcId }: GroupShown) => VpcId,
}
const ruleFilters = {
  'group-id': ({ GroupId }: RuleShown) => GroupId,
  'security-group-rule-id': ({ SecurityGroupRuleId }: RuleShown) => SecurityGroupRuleId,
}
