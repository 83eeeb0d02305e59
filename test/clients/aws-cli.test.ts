// The real `aws` command: every EC2 operation that works here is asked by it, in its own spelling, and its answer shown by it.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { operationTables } from '#operations/tables.aws.ts'
import { endWithThisProcess } from '../children.ts'
import { administrator, managementAccount } from './server.ts'
import { startServerHere } from './server-here.ts'

const script = `${import.meta.dirname}/aws_words.py`
const works = (command: string, ...words: string[]): Promise<boolean> =>
  new Promise((resolve) => execFile(command, words, (error) => resolve(error === null)))

/** A Python that has the command as its library. */
async function findPython(): Promise<string | undefined> {
  for (const python of ['python3', '/usr/bin/python3']) {
    if (await works(python, '-c', 'import awscli.clidriver')) return python
  }
  return undefined
}

interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}
/** Commands of EC2, one after the other. What is between quotes is one word. */
class Command {
  readonly asked = new Set<string>()
  readonly #child
  readonly #answers

  constructor(python: string, endpoint: string) {
    this.#child = spawn(python, [script], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: {
        ...process.env,
        AWS_ACCESS_KEY_ID: administrator.accessKeyId,
        AWS_SECRET_ACCESS_KEY: administrator.secretAccessKey,
        AWS_ENDPOINT_URL: endpoint,
        AWS_DEFAULT_REGION: 'us-east-1',
        AWS_EC2_METADATA_DISABLED: 'true',
        AWS_CONFIG_FILE: '/dev/null',
        AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
        AWS_PAGER: '',
        PYTHONDONTWRITEBYTECODE: '1',
      },
    })
    endWithThisProcess(this.#child)
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
  }

  async #run(line: string, ...more: string[]): Promise<Ended> {
    const words = ['ec2', ...[...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!), ...more]
    this.asked.add(words[1]!)
    this.#child.stdin.write(`${JSON.stringify(words)}\n`)
    const answer = await this.#answers.next()
    assert(!answer.done, `${line}: the command ended`)
    return JSON.parse(answer.value) as Ended
  }
  /** What the command printed as text. */
  async text(line: string): Promise<string> {
    const { code, output, errors } = await this.#run(line, '--output', 'text')
    assert.equal(code, 0, `${line}: ${errors}`)
    return output.trim()
  }
  async says(line: string, expected: unknown): Promise<void> {
    const { code, output, errors } = await this.#run(line, '--output', 'json')
    assert.equal(code, 0, `${line}: ${errors}`)
    assert.deepEqual(output.trim() === '' ? undefined : JSON.parse(output), expected, line)
  }
  async isRefused(line: string, refusal: string): Promise<void> {
    const { code, errors } = await this.#run(line)
    assert.notEqual(code, 0, line)
    assert.equal(/An error occurred \((\S+)\)/.exec(errors)?.[1], refusal, `${line}: ${errors}`)
  }
  end(): void {
    this.#child.stdin.end()
  }
}

const name = (type: string, value: string): string =>
  `--tag-specifications 'ResourceType=${type},Tags=[{Key=Name,Value=${value}}]'`
/** `DescribeVpcs` as the command has it: `describe-vpcs`. */
const spelled = (operation: string): string => operation.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()

test('the `aws` command asks every EC2 operation that works, and shows its answer', async (t) => {
  const python = await findPython()
  if (python === undefined) return t.skip('there is no `aws` here that is a library of Python')
  const server = await startServerHere()
  const aws = new Command(python, server.endpoint)
  try {
    const plan = await poolsAndPolicies(aws)
    const net = await networks(aws, plan.pool)
    const eip = await addresses(aws, plan.edge, net)
    await routes(aws, net)
    await rules(aws, net)
    await lesserObjects(aws, net)
    await discovered(aws, plan, net)
    await takenDown(aws, plan, net, eip)
  } finally {
    aws.end()
    await server.stop()
  }
  const served = [...operationTables.ec2.keys()].map(spelled)
  assert.deepEqual(served.filter((operation) => !aws.asked.has(operation)).sort(), [])
})

async function poolsAndPolicies(aws: Command) {
  const ipam = await aws.text(
    `create-ipam --operating-regions RegionName=us-east-1 ${name('ipam', 'main')} --query Ipam.IpamId`,
  )
  await aws.says(
    `modify-ipam --ipam-id ${ipam} --add-operating-regions RegionName=eu-central-1 --query Ipam.OperatingRegions[].RegionName`,
    ['eu-central-1', 'us-east-1'],
  )
  const shown =
    'Ipams[0].[PublicDefaultScopeId,PrivateDefaultScopeId,DefaultResourceDiscoveryId,DefaultResourceDiscoveryAssociationId]'
  const [open = '', inside = '', discovery = '', association = ''] = (
    await aws.text(`describe-ipams --ipam-ids ${ipam} --query ${shown}`)
  ).split('\t')
  const sites = await aws.text(`create-ipam-scope --ipam-id ${ipam} --description sites --query IpamScope.IpamScopeId`)
  await aws.says(
    `modify-ipam-scope --ipam-scope-id ${sites} --description places --query IpamScope.Description`,
    'places',
  )
  const created = `create-ipam-pool --address-family ipv4 --locale us-east-1 --query IpamPool.IpamPoolId`
  const pool = await aws.text(`${created} --ipam-scope-id ${inside} --allocation-resource-tags Key=stage,Value=prod`)
  const edge = await aws.text(`${created} --ipam-scope-id ${open} --aws-service ec2`)
  await aws.says(
    `modify-ipam-pool --ipam-pool-id ${pool} --auto-import --remove-allocation-resource-tags Key=stage,Value=prod --query IpamPool.[AutoImport,AllocationResourceTags]`,
    [true, []],
  )
  await aws.says(
    `provision-ipam-pool-cidr --ipam-pool-id ${pool} --cidr 10.0.0.0/8 --query IpamPoolCidr.State`,
    'pending-provision',
  )
  await aws.text(`provision-ipam-pool-cidr --ipam-pool-id ${edge} --cidr 203.0.113.0/28`)
  await aws.says(`get-ipam-pool-cidrs --ipam-pool-id ${pool} --query IpamPoolCidrs[].[Cidr,State]`, [
    ['10.0.0.0/8', 'provisioned'],
  ])
  await aws.says(
    `describe-ipam-pools --page-size 5 --query sort_by(IpamPools,&IpamScopeType)[].[IpamPoolId,PoolDepth]`,
    [
      [pool, 1],
      [edge, 1],
    ],
  )
  await aws.says(`describe-ipam-scopes --query sort_by(IpamScopes,&IpamScopeId)[].[IpamScopeType,PoolCount]`, [
    ['public', 1],
    ['private', 1],
    ['private', 0],
  ])

  const taken = `ipam-pool-id ${pool} --netmask-length 20 --disallowed-cidrs 10.0.0.0/12`
  await aws.isRefused(`allocate-ipam-pool-cidr --${taken} --dry-run`, 'DryRunOperation')
  const allocation = await aws.text(
    `allocate-ipam-pool-cidr --${taken} --query IpamPoolAllocation.IpamPoolAllocationId`,
  )
  const one = `--ipam-pool-allocation-id ${allocation}`
  await aws.says(`get-ipam-pool-allocations --ipam-pool-id ${pool} --query IpamPoolAllocations[].Cidr`, [
    '10.16.0.0/20',
  ])
  await aws.text(`modify-ipam-pool-allocation ${one} --description lab`)
  await aws.says(
    `describe-ipam-pool-allocations --ipam-pool-allocation-ids ${allocation} --query IpamPoolAllocations[].Description`,
    ['lab'],
  )
  await aws.says(`release-ipam-pool-allocation --ipam-pool-id ${pool} --cidr 10.16.0.0/20 ${one}`, { Success: true })

  const policy = await aws.text(`create-ipam-policy --ipam-id ${ipam} --query IpamPolicy.IpamPolicyId`)
  const rule = `--ipam-policy-id ${policy} --locale us-east-1 --resource-type eip`
  await aws.text(`modify-ipam-policy-allocation-rules ${rule} --allocation-rules SourceIpamPoolId=${edge}`)
  await aws.says(
    `get-ipam-policy-allocation-rules --ipam-policy-id ${policy} --query IpamPolicyDocuments[].AllocationRules[]`,
    [{ SourceIpamPoolId: edge }],
  )
  await aws.says(`describe-ipam-policies --ipam-policy-ids ${policy} --query IpamPolicies[].IpamId`, [ipam])
  await aws.text(`enable-ipam-policy --ipam-policy-id ${policy}`)
  await aws.says(`get-enabled-ipam-policy --query [IpamPolicyEnabled,IpamPolicyId]`, [true, policy])
  // Without an organization it is on the account itself, and there is no target to administer.
  await aws.text(`get-ipam-policy-organization-targets --ipam-policy-id ${policy}`)
  await aws.isRefused(
    `enable-ipam-organization-admin-account --delegated-admin-account-id 222222222222`,
    'InvalidOrganization.NotFound',
  )
  await aws.isRefused(
    `disable-ipam-organization-admin-account --delegated-admin-account-id 222222222222`,
    'InvalidOrganization.NotFound',
  )
  return { ipam, open, inside, sites, discovery, association, pool, edge, policy }
}

async function networks(aws: Command, pool: string) {
  await aws.says(`describe-regions --query sort(Regions[].RegionName)`, ['eu-central-1', 'us-east-1'])
  await aws.says(`describe-availability-zones --zone-names us-east-1b --query AvailabilityZones[].ZoneId`, ['use1-az2'])
  const home = await aws.text(`create-default-vpc --query Vpc.VpcId`)
  await aws.isRefused(`create-default-vpc`, 'DefaultVpcAlreadyExists')
  await aws.says(
    `describe-account-attributes --attribute-names default-vpc --query AccountAttributes[].AttributeValues[].AttributeValue`,
    [home],
  )
  const first = `--filters Name=vpc-id,Values=${home} Name=availability-zone,Values=us-east-1a --query Subnets[0].SubnetId`
  await aws.text(`delete-subnet --subnet-id ${await aws.text(`describe-subnets ${first}`)}`)
  await aws.says(
    `create-default-subnet --availability-zone us-east-1a --query Subnet.[CidrBlock,DefaultForAz,MapPublicIpOnLaunch]`,
    ['172.31.0.0/20', true, true],
  )

  const vpc = await aws.text(
    `create-vpc --ipv4-ipam-pool-id ${pool} --ipv4-netmask-length 16 ${name('vpc', 'shop')} --query Vpc.VpcId`,
  )
  await aws.text(`wait vpc-available --vpc-ids ${vpc}`)
  await aws.says(`describe-vpcs --filters Name=tag:Name,Values=shop --query Vpcs[].[VpcId,CidrBlock]`, [
    [vpc, '10.0.0.0/16'],
  ])
  const second = await aws.text(
    `associate-vpc-cidr-block --vpc-id ${vpc} --cidr-block 192.168.0.0/24 --query CidrBlockAssociation.AssociationId`,
  )
  await aws.says(
    `disassociate-vpc-cidr-block --association-id ${second} --query CidrBlockAssociation.CidrBlockState.State`,
    'disassociating',
  )
  const sixth = await aws.text(
    `associate-vpc-cidr-block --vpc-id ${vpc} --amazon-provided-ipv6-cidr-block --query Ipv6CidrBlockAssociation.Ipv6CidrBlock`,
  )
  await aws.text(`modify-vpc-attribute --vpc-id ${vpc} --enable-dns-hostnames`)
  await aws.says(
    `describe-vpc-attribute --vpc-id ${vpc} --attribute enableDnsHostnames --query EnableDnsHostnames.Value`,
    true,
  )

  const subnets: string[] = []
  for (const [number, zone] of ['a', 'b'].entries()) {
    const place = `--cidr-block 10.0.${number}.0/24 --availability-zone us-east-1${zone}`
    subnets.push(await aws.text(`create-subnet --vpc-id ${vpc} ${place} --query Subnet.SubnetId`))
  }
  const [one = '', other = ''] = subnets
  await aws.text(`wait subnet-available --subnet-ids ${one} ${other}`)
  const wider = sixth.replace('/56', '/64')
  const association = await aws.text(
    `associate-subnet-cidr-block --subnet-id ${one} --ipv6-cidr-block ${wider} --query Ipv6CidrBlockAssociation.AssociationId`,
  )
  for (const change of ['--map-public-ip-on-launch', '--enable-dns64', '--assign-ipv6-address-on-creation']) {
    await aws.text(`modify-subnet-attribute --subnet-id ${one} ${change}`)
  }
  await aws.says(
    `describe-subnets --subnet-ids ${one} --query Subnets[].[MapPublicIpOnLaunch,EnableDns64,Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock]`,
    [[true, true, wider]],
  )
  await aws.text(`modify-subnet-attribute --subnet-id ${one} --no-assign-ipv6-address-on-creation`)
  await aws.says(
    `disassociate-subnet-cidr-block --association-id ${association} --query Ipv6CidrBlockAssociation.Ipv6CidrBlockState.State`,
    'disassociating',
  )
  const kept = await aws.text(
    `create-subnet-cidr-reservation --subnet-id ${one} --cidr 10.0.0.64/28 --reservation-type prefix --query SubnetCidrReservation.SubnetCidrReservationId`,
  )
  await aws.says(`get-subnet-cidr-reservations --subnet-id ${one} --query SubnetIpv4CidrReservations[].Cidr`, [
    '10.0.0.64/28',
  ])
  await aws.says(
    `delete-subnet-cidr-reservation --subnet-cidr-reservation-id ${kept} --query DeletedSubnetCidrReservation.Cidr`,
    '10.0.0.64/28',
  )
  return { vpc, home, one, other }
}
type Networks = Awaited<ReturnType<typeof networks>>

async function addresses(aws: Command, edge: string, { one, other }: Networks) {
  const [eip = '', more = ''] = await Promise.all(
    ['one', 'two'].map((tag) => aws.text(`allocate-address ${name('elastic-ip', tag)} --query AllocationId`)),
  )
  await aws.says(
    `describe-addresses --filters Name=tag:Name,Values=one --query Addresses[].[PublicIp,PublicIpv4Pool]`,
    [['203.0.113.0', edge]],
  )
  await aws.says(`describe-addresses-attribute --allocation-ids ${eip} --query Addresses[].AllocationId`, [eip])
  const held = await aws.text(
    `associate-address --allocation-id ${eip} --instance-id i-0123456789abcdef0 --query AssociationId`,
  )
  await aws.text(`disassociate-address --association-id ${held}`)
  await aws.text(`create-tags --resources ${eip} --tags Key=stage,Value=prod`)
  await aws.says(`describe-tags --filters Name=resource-id,Values=${eip} Name=key,Values=stage --query Tags[].Value`, [
    'prod',
  ])
  await aws.text(`delete-tags --resources ${eip} --tags Key=stage`)

  const nat = await aws.text(
    `create-nat-gateway --subnet-id ${one} --allocation-id ${eip} --query NatGateway.NatGatewayId`,
  )
  await aws.text(`wait nat-gateway-available --nat-gateway-ids ${nat}`)
  const second = await aws.text(
    `associate-nat-gateway-address --nat-gateway-id ${nat} --allocation-ids ${more} --query NatGatewayAddresses[0].AssociationId`,
  )
  const shown = 'NetworkInterfaces[].PrivateIpAddresses[].[PrivateIpAddress,Association.PublicIp]'
  await aws.says(`describe-network-interfaces --filters Name=subnet-id,Values=${one} --query sort_by(${shown},&[0])`, [
    ['10.0.0.4', '203.0.113.0'],
    ['10.0.0.5', '203.0.113.1'],
  ])
  await aws.text(`disassociate-nat-gateway-address --nat-gateway-id ${nat} --association-ids ${second}`)
  await aws.says(
    `describe-nat-gateways --filter Name=subnet-id,Values=${one},${other} --query NatGateways[].NatGatewayId`,
    [nat],
  )
  await aws.text(`delete-nat-gateway --nat-gateway-id ${nat}`)
  await aws.text(`wait nat-gateway-deleted --nat-gateway-ids ${nat}`)
  await aws.text(`release-address --allocation-id ${more}`)
  return eip
}

async function routes(aws: Command, { vpc, one }: Networks) {
  const gateway = await aws.text(
    `create-internet-gateway ${name('internet-gateway', 'out')} --query InternetGateway.InternetGatewayId`,
  )
  await aws.text(`wait internet-gateway-exists --internet-gateway-ids ${gateway}`)
  const attached = `--internet-gateway-id ${gateway} --vpc-id ${vpc}`
  await aws.text(`attach-internet-gateway ${attached}`)
  await aws.isRefused(`attach-internet-gateway ${attached}`, 'Resource.AlreadyAssociated')
  await aws.says(
    `describe-internet-gateways --filters Name=attachment.vpc-id,Values=${vpc} --query InternetGateways[].Attachments[].State`,
    ['available'],
  )
  const outward = await aws.text(
    `create-egress-only-internet-gateway --vpc-id ${vpc} --query EgressOnlyInternetGateway.EgressOnlyInternetGatewayId`,
  )
  await aws.says(`describe-egress-only-internet-gateways --query EgressOnlyInternetGateways[].Attachments[].VpcId`, [
    vpc,
  ])

  const main = `--filters Name=vpc-id,Values=${vpc} Name=association.main,Values=true`
  const [ofVpc = '', mainAssociation = ''] = (
    await aws.text(
      `describe-route-tables ${main} --query RouteTables[0].[RouteTableId,Associations[0].RouteTableAssociationId]`,
    )
  ).split('\t')
  const table = await aws.text(`create-route-table --vpc-id ${vpc} --query RouteTable.RouteTableId`)
  const everywhere = `--route-table-id ${table} --destination-cidr-block 0.0.0.0/0`
  await aws.says(`create-route ${everywhere} --gateway-id ${gateway}`, { Return: true })
  await aws.isRefused(`create-route ${everywhere} --gateway-id ${gateway}`, 'RouteAlreadyExists')
  const sixth = `--route-table-id ${table} --destination-ipv6-cidr-block ::/0`
  await aws.text(`create-route ${sixth} --egress-only-internet-gateway-id ${outward}`)
  await aws.text(`replace-route ${everywhere} --transit-gateway-id tgw-0123456789abcdef0`)
  const ofSubnet = await aws.text(
    `associate-route-table --route-table-id ${table} --subnet-id ${one} --query AssociationId`,
  )
  const moved = await aws.text(
    `replace-route-table-association --association-id ${ofSubnet} --route-table-id ${ofVpc} --query NewAssociationId`,
  )
  const nowMain = await aws.text(
    `replace-route-table-association --association-id ${mainAssociation} --route-table-id ${table} --query NewAssociationId`,
  )
  const shown = "RouteTables[].Routes[?Origin=='CreateRoute'][].[TransitGatewayId,EgressOnlyInternetGatewayId]"
  await aws.says(`describe-route-tables --route-table-ids ${table} --query ${shown}`, [
    ['tgw-0123456789abcdef0', null],
    [null, outward],
  ])
  await aws.isRefused(`delete-route-table --route-table-id ${table}`, 'DependencyViolation')
  await aws.text(`replace-route-table-association --association-id ${nowMain} --route-table-id ${ofVpc}`)
  await aws.text(`disassociate-route-table --association-id ${moved}`)
  await aws.text(`delete-route ${everywhere}`)
  await aws.isRefused(`delete-route ${everywhere}`, 'InvalidRoute.NotFound')
  await aws.text(`delete-route-table --route-table-id ${table}`)
  await aws.says(
    `delete-egress-only-internet-gateway --egress-only-internet-gateway-id ${outward} --query ReturnCode`,
    true,
  )
  await aws.text(`detach-internet-gateway ${attached}`)
  await aws.text(`delete-internet-gateway --internet-gateway-id ${gateway}`)
}

async function rules(aws: Command, { vpc }: Networks) {
  const made = `create-security-group --group-name web --description web --vpc-id ${vpc} --query GroupId`
  const group = `--group-id ${await aws.text(made)}`
  await aws.text(`wait security-group-exists --group-ids ${group.slice('--group-id '.length)}`)
  const https = await aws.text(
    `authorize-security-group-ingress ${group} --protocol tcp --port 443 --cidr 0.0.0.0/0 --query SecurityGroupRules[0].SecurityGroupRuleId`,
  )
  const database = 'IpProtocol=tcp,FromPort=5432,ToPort=5432,IpRanges=[{CidrIp=10.0.0.0/8'
  await aws.says(
    `authorize-security-group-egress ${group} --ip-permissions '${database},Description=db}]' --query SecurityGroupRules[].[FromPort,CidrIpv4,Description]`,
    [[5432, '10.0.0.0/8', 'db']],
  )
  await aws.text(
    `modify-security-group-rules ${group} --security-group-rules 'SecurityGroupRuleId=${https},SecurityGroupRule={IpProtocol=tcp,FromPort=8443,ToPort=8443,CidrIpv4=192.0.2.0/24}'`,
  )
  await aws.text(
    `update-security-group-rule-descriptions-ingress ${group} --security-group-rule-descriptions SecurityGroupRuleId=${https},Description=changed`,
  )
  await aws.text(
    `update-security-group-rule-descriptions-egress ${group} --ip-permissions '${database},Description=databases}]'`,
  )
  await aws.says(
    `describe-security-group-rules --filters Name=group-id,Values=${group.slice('--group-id '.length)} --query sort_by(SecurityGroupRules[?FromPort>\`0\`],&FromPort)[].[FromPort,CidrIpv4,Description]`,
    [
      [5432, '10.0.0.0/8', 'databases'],
      [8443, '192.0.2.0/24', 'changed'],
    ],
  )
  await aws.says(
    `revoke-security-group-ingress ${group} --security-group-rule-ids ${https} --query RevokedSecurityGroupRules[].SecurityGroupRuleId`,
    [https],
  )
  await aws.text(`revoke-security-group-egress ${group} --protocol tcp --port 5432 --cidr 10.0.0.0/8`)
  await aws.says(
    `describe-security-groups --filters Name=group-name,Values=web --query SecurityGroups[].[IpPermissions,length(IpPermissionsEgress)]`,
    [[[], 1]],
  )
  await aws.says(`delete-security-group ${group} --query Return`, true)
  await aws.isRefused(`delete-security-group ${group}`, 'InvalidGroup.NotFound')

  const acl = await aws.text(`create-network-acl --vpc-id ${vpc} --query NetworkAcl.NetworkAclId`)
  const hundred = `--network-acl-id ${acl} --ingress --rule-number 100`
  await aws.text(
    `create-network-acl-entry ${hundred} --protocol udp --port-range From=53,To=53 --cidr-block 0.0.0.0/0 --rule-action allow`,
  )
  await aws.text(
    `replace-network-acl-entry ${hundred} --protocol icmp --icmp-type-code Code=-1,Type=8 --cidr-block 192.0.2.0/24 --rule-action deny`,
  )
  await aws.says(
    `describe-network-acls --network-acl-ids ${acl} --query NetworkAcls[].Entries[?RuleNumber==\`100\`][].[Protocol,CidrBlock,IcmpTypeCode.Type,RuleAction]`,
    [['1', '192.0.2.0/24', 8, 'deny']],
  )
  const ofSubnet = await aws.text(
    `describe-network-acls --filters Name=vpc-id,Values=${vpc} Name=default,Values=true --query NetworkAcls[0].[NetworkAclId,Associations[0].NetworkAclAssociationId]`,
  )
  const [first = '', association = ''] = ofSubnet.split('\t')
  const moved = await aws.text(
    `replace-network-acl-association --association-id ${association} --network-acl-id ${acl} --query NewAssociationId`,
  )
  await aws.isRefused(`delete-network-acl --network-acl-id ${acl}`, 'DependencyViolation')
  await aws.text(`replace-network-acl-association --association-id ${moved} --network-acl-id ${first}`)
  await aws.text(`delete-network-acl-entry ${hundred}`)
  await aws.text(`delete-network-acl --network-acl-id ${acl}`)
}

async function lesserObjects(aws: Command, { vpc }: Networks) {
  const options = await aws.text(
    `create-dhcp-options --dhcp-configurations Key=domain-name,Values=acme.example Key=ntp-servers,Values=10.2.5.1,10.2.5.2 --query DhcpOptions.DhcpOptionsId`,
  )
  await aws.says(`describe-dhcp-options --dhcp-options-ids ${options} --query DhcpOptions[].DhcpConfigurations[].Key`, [
    'domain-name',
    'ntp-servers',
  ])
  await aws.text(`associate-dhcp-options --dhcp-options-id ${options} --vpc-id ${vpc}`)
  await aws.isRefused(`delete-dhcp-options --dhcp-options-id ${options}`, 'DependencyViolation')
  await aws.text(`associate-dhcp-options --dhcp-options-id default --vpc-id ${vpc}`)
  await aws.text(`delete-dhcp-options --dhcp-options-id ${options}`)
}

type Plan = Awaited<ReturnType<typeof poolsAndPolicies>>

async function discovered(aws: Command, plan: Plan, { vpc, home }: Networks) {
  const { ipam, inside, sites, open, discovery, association, edge } = plan
  await aws.says(
    `get-ipam-resource-cidrs --ipam-scope-id ${inside} --resource-type vpc --query IpamResourceCidrs[].[ResourceId,ResourceCidr,ManagementState,ComplianceStatus]`,
    [
      [home, '172.31.0.0/16', 'unmanaged', 'unmanaged'],
      [vpc, '10.0.0.0/16', 'managed', 'compliant'],
    ],
  )
  await aws.says(`get-ipam-resource-cidrs --ipam-scope-id ${open} --query IpamResourceCidrs[].IpamPoolId`, [edge])
  const changed = `modify-ipam-resource-cidr --resource-id ${home} --resource-cidr 172.31.0.0/16 --resource-region us-east-1 --current-ipam-scope-id`
  await aws.says(`${changed} ${inside} --no-monitored --query IpamResourceCidr.ManagementState`, 'ignored')
  await aws.says(
    `${changed} ${inside} --destination-ipam-scope-id ${sites} --monitored --query IpamResourceCidr.IpamScopeId`,
    sites,
  )
  await aws.says(
    `get-ipam-address-history --cidr 10.0.0.0/16 --ipam-scope-id ${inside} --vpc-id ${vpc} --start-time 2020-01-01T00:00:00Z --query HistoryRecords[].[ResourceId,ResourceComplianceStatus,SampledEndTime]`,
    [[vpc, 'compliant', null]],
  )

  await aws.says(
    `describe-ipam-resource-discoveries --query IpamResourceDiscoveries[].[IpamResourceDiscoveryId,IsDefault]`,
    [[discovery, true]],
  )
  const own = await aws.text(
    `create-ipam-resource-discovery --operating-regions RegionName=us-east-1 ${name('ipam-resource-discovery', 'own')} --query IpamResourceDiscovery.IpamResourceDiscoveryId`,
  )
  await aws.says(
    `modify-ipam-resource-discovery --ipam-resource-discovery-id ${own} --add-operating-regions RegionName=eu-central-1 --query IpamResourceDiscovery.OperatingRegions[].RegionName`,
    ['eu-central-1', 'us-east-1'],
  )
  const joined = await aws.text(
    `associate-ipam-resource-discovery --ipam-id ${ipam} --ipam-resource-discovery-id ${own} --query IpamResourceDiscoveryAssociation.IpamResourceDiscoveryAssociationId`,
  )
  await aws.says(
    `describe-ipam-resource-discovery-associations --page-size 5 --query sort(IpamResourceDiscoveryAssociations[].IpamResourceDiscoveryAssociationId)`,
    [association, joined].sort(),
  )
  const by = `--ipam-resource-discovery-id ${own}`
  await aws.says(
    `get-ipam-discovered-accounts ${by} --discovery-region us-east-1 --query IpamDiscoveredAccounts[].AccountId`,
    [managementAccount],
  )
  await aws.says(
    `get-ipam-discovered-resource-cidrs ${by} --resource-region us-east-1 --filters Name=resource-type,Values=vpc --query IpamDiscoveredResourceCidrs[?contains(ResourceCidr,'.')].ResourceId`,
    [home, vpc],
  )
  await aws.says(
    `get-ipam-discovered-public-addresses ${by} --address-region us-east-1 --query IpamDiscoveredPublicAddresses[].[Address,AssociationStatus,Tags.EipTags]`,
    [['203.0.113.0', 'disassociated', [{ Key: 'Name', Value: 'one' }]]],
  )
  await aws.says(
    `disassociate-ipam-resource-discovery --ipam-resource-discovery-association-id ${joined} --query IpamResourceDiscoveryAssociation.State`,
    'disassociate-in-progress',
  )
  await aws.text(`delete-ipam-resource-discovery ${by}`)
  await aws.isRefused(`delete-ipam-resource-discovery --ipam-resource-discovery-id ${discovery}`, 'IncorrectState')
}

async function takenDown(aws: Command, plan: Plan, { vpc, home, one, other }: Networks, eip: string) {
  const { ipam, sites, pool, edge, policy } = plan
  for (const subnet of [one, other]) await aws.text(`delete-subnet --subnet-id ${subnet}`)
  await aws.text(`delete-vpc --vpc-id ${vpc}`)
  await aws.isRefused(`delete-vpc --vpc-id ${home}`, 'DependencyViolation')
  await aws.text(`disable-ipam-policy --ipam-policy-id ${policy}`)
  await aws.text(`delete-ipam-policy --ipam-policy-id ${policy}`)
  await aws.says(
    `deprovision-ipam-pool-cidr --ipam-pool-id ${pool} --cidr 10.0.0.0/8 --query IpamPoolCidr.State`,
    'pending-deprovision',
  )
  await aws.text(`delete-ipam-pool --ipam-pool-id ${pool}`)
  await aws.isRefused(`delete-ipam-pool --ipam-pool-id ${edge}`, 'DependencyViolation')
  await aws.text(`release-address --allocation-id ${eip}`)
  await aws.text(`deprovision-ipam-pool-cidr --ipam-pool-id ${edge} --cidr 203.0.113.0/28`)
  await aws.text(`delete-ipam-pool --ipam-pool-id ${edge}`)
  await aws.text(`delete-ipam-scope --ipam-scope-id ${sites}`)
  await aws.says(`delete-ipam --ipam-id ${ipam} --cascade --query Ipam.State`, 'delete-in-progress')
}
