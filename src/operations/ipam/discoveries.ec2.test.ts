// What IPAMs discover resources with: made, described, changed, associated, deleted; one beside the default one.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Acme,
  asNetwork,
  dev,
  lab,
  network,
  openAcme,
  prod,
  root,
  shop,
  tagsOf,
  workloads,
} from '../../../test/acme.ts'
import { refuses } from '../../../test/organization.ts'

const absent = 'ipam-res-disco-00000000000000000'
const absentAssociation = 'ipam-res-disco-assoc-00000000000000000'
const asShop = { account: shop } as const

describe('resource discoveries', () => {
  let acme: Acme
  let defaultId = ''
  let defaultAssociationId = ''
  before(async () => {
    acme = await openAcme()
    const { Ipams } = await acme.call('DescribeIpams', {}, asNetwork)
    defaultId = Ipams![0]!.DefaultResourceDiscoveryId!
    defaultAssociationId = Ipams![0]!.DefaultResourceDiscoveryAssociationId!
  })
  after(() => acme.close())
  const make = async (as: { account: string } = asNetwork) =>
    (await acme.call('CreateIpamResourceDiscovery', {}, as)).IpamResourceDiscovery!.IpamResourceDiscoveryId!
  const find = async (id: string) =>
    (await acme.call('DescribeIpamResourceDiscoveries', { IpamResourceDiscoveryIds: [id] }, asNetwork))
      .IpamResourceDiscoveries![0]!

  test('an IPAM comes with one that is associated with it, and looks where the IPAM operates', async () => {
    assert.partialDeepStrictEqual(await find(defaultId), {
      OwnerId: network,
      IpamResourceDiscoveryArn: `arn:aws:ec2::${network}:ipam-resource-discovery/${defaultId}`,
      IpamResourceDiscoveryRegion: 'us-east-1',
      OperatingRegions: [{ RegionName: 'eu-central-1' }, { RegionName: 'us-east-1' }],
      IsDefault: true,
      State: 'create-complete',
      OrganizationalUnitExclusions: [],
    })
    const { IpamResourceDiscoveryAssociations: associations } = await acme.call(
      'DescribeIpamResourceDiscoveryAssociations',
      {},
      asNetwork,
    )
    assert.equal(associations!.length, 1)
    assert.partialDeepStrictEqual(associations![0]!, {
      OwnerId: network,
      IpamResourceDiscoveryAssociationId: defaultAssociationId,
      IpamResourceDiscoveryId: defaultId,
      IpamId: acme.ipam,
      IpamRegion: 'us-east-1',
      IsDefault: true,
      ResourceDiscoveryStatus: 'active',
      State: 'associate-complete',
    })
    const RemoveOperatingRegions = [{ RegionName: 'eu-central-1' }]
    await acme.call('ModifyIpam', { IpamId: acme.ipam, RemoveOperatingRegions }, asNetwork)
    assert.deepEqual((await find(defaultId)).OperatingRegions, [{ RegionName: 'us-east-1' }])
    await acme.call('ModifyIpam', { IpamId: acme.ipam, AddOperatingRegions: RemoveOperatingRegions }, asNetwork)
    assert.equal((await find(defaultId)).OperatingRegions!.length, 2)
  })

  test('one is made beside the default one, associated, and ends before nothing is associated with it', async () => {
    const specification = [{ ResourceType: 'ipam-resource-discovery', Tags: tagsOf({ team: 'net' }) }] as const
    const made = await acme.call(
      'CreateIpamResourceDiscovery',
      { Description: 'ours', TagSpecifications: specification as never, ClientToken: 'one' },
      asNetwork,
    )
    const again = await acme.call(
      'CreateIpamResourceDiscovery',
      { Description: 'ours', TagSpecifications: specification as never, ClientToken: 'one' },
      asNetwork,
    )
    assert.deepEqual(again, made)
    const { IpamResourceDiscoveryId: id = '', ...shown } = made.IpamResourceDiscovery!
    assert.partialDeepStrictEqual(shown, {
      Description: 'ours',
      OperatingRegions: [{ RegionName: 'us-east-1' }],
      IsDefault: false,
      State: 'create-in-progress',
      Tags: tagsOf({ team: 'net' }),
    })
    await refuses(make(), { code: 'LimitExceeded', limit: 1, used: 1 })
    const association = await acme.call(
      'AssociateIpamResourceDiscovery',
      { IpamId: acme.ipam, IpamResourceDiscoveryId: id },
      asNetwork,
    )
    const { IpamResourceDiscoveryAssociationId: associationId = '', State } =
      association.IpamResourceDiscoveryAssociation!
    assert.equal(State, 'associate-in-progress')
    const { Ipams } = await acme.call('DescribeIpams', {}, asNetwork)
    assert.equal(Ipams![0]!.ResourceDiscoveryAssociationCount, 2)
    await refuses(
      acme.call('AssociateIpamResourceDiscovery', { IpamId: acme.ipam, IpamResourceDiscoveryId: id }, asNetwork),
      { code: 'IncorrectState' },
    )
    await refuses(acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: id }, asNetwork), {
      code: 'DependencyViolation',
    })
    await refuses(acme.call('DeleteIpam', { IpamId: acme.ipam }, asNetwork), { code: 'DependencyViolation' })
    const filters = [{ Name: 'is-default', Values: ['false'] }]
    const page = await acme.call('DescribeIpamResourceDiscoveryAssociations', { Filters: filters }, asNetwork)
    assert.deepEqual(
      page.IpamResourceDiscoveryAssociations!.map((one) => one.IpamResourceDiscoveryAssociationId),
      [associationId],
    )
    const ended = await acme.call(
      'DisassociateIpamResourceDiscovery',
      { IpamResourceDiscoveryAssociationId: associationId },
      asNetwork,
    )
    assert.equal(ended.IpamResourceDiscoveryAssociation!.State, 'disassociate-in-progress')
    await acme.call('CreateTags', { Resources: [id], Tags: tagsOf({ stage: 'prod' }) }, asNetwork)
    assert.deepEqual((await find(id)).Tags, tagsOf({ stage: 'prod', team: 'net' }))
    const gone = await acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: id }, asNetwork)
    assert.equal(gone.IpamResourceDiscovery!.State, 'delete-in-progress')
    await refuses(find(id), { code: 'NotFound', what: 'ipam-resource-discovery' })
  })

  test('I8 those of others and what is not there are refused alike, and what is default stays', async () => {
    const foreign = await make(asShop)
    for (const IpamResourceDiscoveryId of [foreign, absent]) {
      const refusal = { code: 'NotFound', what: 'ipam-resource-discovery', id: IpamResourceDiscoveryId } as const
      await refuses(acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId }, asNetwork), refusal)
      await refuses(
        acme.call('ModifyIpamResourceDiscovery', { IpamResourceDiscoveryId, Description: 'x' }, asNetwork),
        refusal,
      )
      await refuses(
        acme.call('AssociateIpamResourceDiscovery', { IpamId: acme.ipam, IpamResourceDiscoveryId }, asNetwork),
        refusal,
      )
    }
    for (const id of [defaultAssociationId, absentAssociation]) {
      await refuses(
        acme.call('DisassociateIpamResourceDiscovery', { IpamResourceDiscoveryAssociationId: id }, asShop),
        { code: 'NotFound', what: 'ipam-resource-discovery-association', id },
      )
    }
    await refuses(
      acme.call(
        'DisassociateIpamResourceDiscovery',
        { IpamResourceDiscoveryAssociationId: defaultAssociationId },
        asNetwork,
      ),
      { code: 'IncorrectState' },
    )
    await refuses(acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: defaultId }, asNetwork), {
      code: 'IncorrectState',
    })
    await refuses(acme.call('DescribeIpamResourceDiscoveries', { IpamResourceDiscoveryIds: ['x'] }, asNetwork), {
      code: 'MalformedId',
    })
  })

  test('one changes its description, its Regions and the units that it leaves out, each once', async () => {
    const change = (input: object) =>
      acme.call('ModifyIpamResourceDiscovery', { IpamResourceDiscoveryId: defaultId, ...input }, asNetwork)
    await refuses(change({}), { code: 'InvalidParameterCombination' })
    await refuses(change({ RemoveOperatingRegions: [{ RegionName: 'us-east-1' }] }), { code: 'InvalidParameterValue' })
    const changed = await change({ Description: 'all', RemoveOperatingRegions: [{ RegionName: 'eu-central-1' }] })
    assert.partialDeepStrictEqual(changed.IpamResourceDiscovery!, {
      State: 'modify-in-progress',
      Description: 'all',
      OperatingRegions: [{ RegionName: 'us-east-1' }],
    })
    const above = `o-acmeacme00/${root}/${workloads}`
    const path = (OrganizationsEntityPath: string) => [{ OrganizationsEntityPath }]
    for (const wrong of [`${above}/${prod}`, `o-acmeacme00/${root}/${prod}/`, `o-acmeacme00/${root}/`, 'x/']) {
      await refuses(change({ AddOrganizationalUnitExclusions: path(wrong) }), {
        code: 'InvalidParameterValue',
        field: 'AddOrganizationalUnitExclusion.1.OrganizationsEntityPath',
      })
    }
    await change({ AddOrganizationalUnitExclusions: [...path(`${above}/*`)] })
    await refuses(change({ AddOrganizationalUnitExclusions: path(`${above}/${prod}/`) }), {
      code: 'InvalidParameterValue',
      field: 'AddOrganizationalUnitExclusion',
    })
    const { IpamResourceDiscovery: shown } = await change({
      RemoveOrganizationalUnitExclusions: path(`${above}/*`),
      AddOrganizationalUnitExclusions: [...path(`${above}/`), ...path(`${above}/${dev}/*`)],
    })
    assert.deepEqual(shown!.OrganizationalUnitExclusions, [...path(`${above}/`), ...path(`${above}/${dev}/*`)])
    await refuses(change({ RemoveOrganizationalUnitExclusions: path(`${above}/*`) }), {
      code: 'InvalidParameterValue',
      field: 'RemoveOrganizationalUnitExclusion',
    })
    const own = await make()
    await refuses(
      acme.call(
        'ModifyIpamResourceDiscovery',
        { IpamResourceDiscoveryId: own, AddOrganizationalUnitExclusions: path(`${above}/${prod}/`) },
        asNetwork,
      ),
      { code: 'NotEligible' },
    )
    await acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: own }, asNetwork)
  })

  test('I8 who may leave out no units is told that, and not which units there are', async () => {
    const asLab = { account: lab } as const
    const id = await make(asLab)
    const above = `o-acmeacme00/${root}/${workloads}`
    const absent = `${above}/ou-acme-nowhere0/`
    for (const member of ['AddOrganizationalUnitExclusions', 'RemoveOrganizationalUnitExclusions']) {
      const answers = await Promise.all(
        [`${above}/${prod}/`, absent, `o-acmeacme00/${root}/${prod}/`].map((OrganizationsEntityPath) =>
          acme
            .call(
              'ModifyIpamResourceDiscovery',
              { IpamResourceDiscoveryId: id, [member]: [{ OrganizationsEntityPath }] },
              asLab,
            )
            .then(
              () => 'done',
              (refused: { refusal: object }) => refused.refusal,
            ),
        ),
      )
      assert.partialDeepStrictEqual(answers[0], { code: 'NotEligible' })
      assert.deepEqual(answers, [answers[0], answers[0], answers[0]])
    }
    await acme.call('DeleteIpamResourceDiscovery', { IpamResourceDiscoveryId: id }, asLab)
  })

  test('an IPAM takes what it discovered with along', async () => {
    await acme.call('DeleteIpam', { IpamId: acme.ipam }, asNetwork)
    const left = await acme.call('DescribeIpamResourceDiscoveries', {}, asNetwork)
    assert.deepEqual(left.IpamResourceDiscoveries, [])
    const associations = await acme.call('DescribeIpamResourceDiscoveryAssociations', {}, asNetwork)
    assert.deepEqual(associations.IpamResourceDiscoveryAssociations, [])
  })
})
