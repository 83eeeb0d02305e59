// DHCP options over the EC2 API.
import type { NewDhcpConfiguration, DhcpOptions as OptionsShown } from '#formats/aws/ec2.generated.ts'
import type { DhcpOption } from '#model/network-object.ts'
import { worded } from '#model/problems/worded.ts'
import { refuse, refuseValue } from '#model/refusal.ts'
import { ec2Read, ec2Write } from '../operation.aws.ts'
import { showTags, tagsToCreate } from '../organization/tagging.ec2.ts'
import {
  associateDhcpOptions as associate,
  createDhcpOptions as create,
  deleteDhcpOptions as remove,
} from './dhcp-options.ts'
import { describePage } from './objects.ec2.ts'
import type { ObjectState } from './objects.ts'

export const createDhcpOptions = ec2Write('CreateDhcpOptions', async (context, input) => {
  const tags = tagsToCreate(input.TagSpecifications, 'dhcp-options')
  return { DhcpOptions: show(await create(context, optionsIn(input.DhcpConfigurations), tags)) }
})

export const deleteDhcpOptions = ec2Write('DeleteDhcpOptions', async (context, input) => {
  await remove(context, input.DhcpOptionsId)
  return { Return: true }
})

export const associateDhcpOptions = ec2Write('AssociateDhcpOptions', async (context, input) => {
  await associate(context, input.DhcpOptionsId, input.VpcId)
  return { Return: true }
})

export const describeDhcpOptions = ec2Read('DescribeDhcpOptions', async (context, input) => {
  const { items, NextToken } = await describePage(context, input, 'dhcpOptions', {
    ids: ['DhcpOptionsIds', input.DhcpOptionsIds],
    idFilter: 'dhcp-options-id',
    fields: {
      'dhcp-options-id': ({ DhcpOptionsId }: OptionsShown) => DhcpOptionsId,
      key: ({ DhcpConfigurations: all }: OptionsShown) => all?.map(({ Key }) => Key!),
      value: ({ DhcpConfigurations: all }: OptionsShown) =>
        all?.flatMap(({ Values }) => Values?.map(({ Value }) => Value!) ?? []),
      'owner-id': ({ OwnerId }: OptionsShown) => OwnerId,
    },
    show: (states) => states.map(show),
  })
  return { DhcpOptions: items, NextToken }
})

// The request --------------------------------------------------------------------------------------------------------

const keys: ReadonlySet<string> = new Set([
  'domain-name-servers',
  'domain-name',
  'ntp-servers',
  'netbios-name-servers',
  'netbios-node-type',
  'ipv6-address-preferred-lease-time',
])
/** AWS takes up to four servers of each kind. */
const serversMax = 4

function optionsIn(given: readonly NewDhcpConfiguration[]): readonly DhcpOption[] {
  const options = new Map<string, readonly string[]>()
  for (const [index, { Key: key, Values: values }] of given.entries()) {
    const field = `DhcpConfiguration.${index + 1}`
    if (key === undefined) refuse({ code: 'MissingParameter', field: `${field}.Key` })
    if (!keys.has(key)) refuseValue(`${field}.Key`, key, worded(`it is one of ${[...keys].join(', ')}`))
    if (!values?.length) refuse({ code: 'MissingParameter', field: `${field}.Value` })
    if (options.has(key)) refuseValue(`${field}.Key`, key, worded('the key is given more than once'))
    if (values.length > serversMax)
      refuseValue(`${field}.Value`, values.length, worded(`at most ${serversMax} values are allowed`))
    const bad = key === 'netbios-node-type' ? values.find((value) => !/^[1248]$/.test(value)) : undefined
    if (bad !== undefined) refuseValue(`${field}.Value`, bad, worded('the type of a NetBIOS node is 1, 2, 4 or 8'))
    options.set(key, values)
  }
  if (options.size === 0) refuse({ code: 'MissingParameter', field: 'DhcpConfiguration' })
  return [...options].map(([key, values]) => ({ key, values }))
}

// The answer ---------------------------------------------------------------------------------------------------------

const show = ({ object, tags }: ObjectState): OptionsShown => ({
  DhcpOptionsId: object.id,
  OwnerId: object.account,
  DhcpConfigurations: (object.body.options ?? []).map(({ key, values }) => ({
    Key: key,
    Values: values.map((Value) => ({ Value })),
  })),
  Tags: showTags(tags),
})
