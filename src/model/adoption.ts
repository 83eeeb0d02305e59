// As what the register has an observation, once it is adopted: for which type of resource, where, and with which tags.
import { bitsOf } from './cidr.ts'
import type { Observation, ObservedKind } from './observation.ts'
import { isPublic } from './observed-difference.ts'
import type { Registry } from './policy/resource-types.ts'
import { isSetting, nameKey, type Tag, tagsMax } from './tags.ts'

type Told = Pick<Observation, 'kind' | 'cidr' | 'space' | 'locale' | 'tags'> &
  Partial<Pick<Observation, 'type' | 'name'>>

/** The cloud of a locale: whatever has no colon is a Region of AWS. */
const cloudOf = (locale: string): string => (locale === '' ? '' : locale.includes(':') ? locale.split(':')[0]! : 'aws')

const addresses: ReadonlySet<ObservedKind> = new Set(['address', 'load-balancer', 'nat-gateway', 'database'])
/** By cloud, where a source does not say it itself. */
const usual: Readonly<Record<string, Partial<Readonly<Record<'network' | 'subnet' | 'address' | 'public', string>>>>> =
  {
    aws: { network: 'vpc', subnet: 'subnet', address: 'aws:network-interface' },
    azure: {
      network: 'azure:virtual-network',
      subnet: 'azure:subnet',
      address: 'azure:network-interface',
      public: 'azure:public-ip',
    },
    gcp: { subnet: 'gcp:subnetwork', address: 'gcp:address' },
    onprem: { network: 'onprem:network', subnet: 'onprem:network', address: 'onprem:host' },
  }

/** The type of resource that an observation is: as its source says, or as is usual there; `custom` where nothing fits. */
export function typeOfObserved(observed: Told, registry: Registry): string {
  const { kind, cidr, type, locale } = observed
  const fits = (name: string | undefined): name is string => {
    const lengths = registry.get(name ?? '')?.lengths[cidr.family]
    return lengths !== undefined && cidr.length >= lengths.min && cidr.length <= lengths.max
  }
  if (fits(type)) return type
  if (kind === 'pod-range' || kind === 'service-range') return fits('k8s:network') ? 'k8s:network' : 'custom'
  const names = usual[cloudOf(locale)] ?? {}
  if (kind === 'network' || kind === 'subnet') return fits(names[kind]) ? names[kind] : 'custom'
  if (!addresses.has(kind) || cidr.length !== bitsOf(cidr.family)) return 'custom'
  const name = isPublic(observed) ? (names.public ?? names.address) : names.address
  return fits(name) ? name : 'custom'
}

/** Keys that are AWS's own: nobody else may put them. */
const ofAws = /^aws:/i
/** What an observation is tagged with, as far as the register takes tags: none that it would read as a setting of its own. */
export const tagsOfObserved = ({ tags }: Pick<Told, 'tags'>): readonly Tag[] =>
  Object.entries(tags)
    .map(([key, value]) => ({ key, value }))
    .filter(({ key }) => key !== nameKey && !isSetting(key) && !ofAws.test(key))
    .slice(0, tagsMax - 1)
