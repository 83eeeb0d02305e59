// The regions of clouds whose names we know, to ask about those that are probably misspelt. Whatever is not near one of them is
// taken as it is: clouds open regions, and anybody may name a cloud or a site of their own.

/** By cloud, as of 2026: the names that Azure's and Google Cloud's own tools print, and those of AWS's commercial partition. */
const regionsOf: Readonly<Record<string, string>> = {
  aws:
    'af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1 ' +
    'ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 ' +
    'eu-central-1 eu-central-2 eu-north-1 eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 ' +
    'me-south-1 mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2',
  azure:
    'australiacentral australiacentral2 australiaeast australiasoutheast austriaeast belgiumcentral brazilsouth ' +
    'brazilsoutheast canadacentral canadaeast centralindia centralus chilecentral denmarkeast eastasia eastus eastus2 ' +
    'francecentral francesouth germanynorth germanywestcentral indonesiacentral israelcentral italynorth japaneast ' +
    'japanwest jioindiacentral jioindiawest koreacentral koreasouth malaysiawest mexicocentral newzealandnorth ' +
    'northcentralus northeurope norwayeast norwaywest polandcentral qatarcentral southafricanorth southafricawest ' +
    'southcentralus southeastasia southindia spaincentral swedencentral swedensouth switzerlandnorth switzerlandwest ' +
    'uaecentral uaenorth uksouth ukwest westcentralus westeurope westindia westus westus2 westus3',
  gcp:
    'africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2 ' +
    'asia-southeast1 asia-southeast2 australia-southeast1 australia-southeast2 europe-central2 europe-north1 ' +
    'europe-north2 europe-southwest1 europe-west1 europe-west10 europe-west12 europe-west2 europe-west3 europe-west4 ' +
    'europe-west6 europe-west8 europe-west9 me-central1 me-central2 me-west1 northamerica-northeast1 ' +
    'northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4 ' +
    'us-east5 us-south1 us-west1 us-west2 us-west3 us-west4',
}
const known: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(regionsOf).map(([cloud, names]) => [cloud, names.split(' ')]),
)

/**
 * The locale that was probably meant by one of a cloud that we know: it differs in one letter, two letters that changed places, or in case.
 * Another number is another region, which may be new.
 */
export function likelyForeignLocale(locale: string): string | undefined {
  const at = locale.indexOf(':')
  const cloud = locale.slice(0, at)
  const meant = likelyName(locale.slice(at + 1), known.get(cloud) ?? [])
  return meant && `${cloud}:${meant}`
}

/** The one of `names` that a text which is none of them was probably meant to be. */
export function likelyName(text: string, names: readonly string[]): string | undefined {
  if (names.includes(text)) return undefined
  const lower = text.toLowerCase()
  const number = numbersIn(lower)
  return names.find((name) => numbersIn(name) === number && isOneSlipApart(lower, name))
}

const numbersIn = (text: string): string => text.replaceAll(/\D+/g, ' ')

/** Equal, or so but for one character that is missing, added, another one, or has changed places with its neighbour. */
export function isOneSlipApart(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let start = 0
  while (start < a.length && a[start] === b[start]) start++
  const [restOfA, restOfB] = [a.slice(start), b.slice(start)]
  return (
    restOfA === restOfB ||
    restOfA.slice(1) === restOfB ||
    restOfA === restOfB.slice(1) ||
    restOfA.slice(1) === restOfB.slice(1) ||
    (restOfA.slice(0, 2) === `${restOfB[1]}${restOfB[0]}` && restOfA.slice(2) === restOfB.slice(2))
  )
}
