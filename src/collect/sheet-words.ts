// What people call the columns of their tables of networks, and the states in them, in the languages of Europe.

/** What a column can mean. Any other name that a person gives is that of a tag. */
export const meanings = {
  network: 'The network, as a block, a range or an address with its mask.',
  mask: 'The mask or the length of the network in another column.',
  address: 'One address.',
  first: 'The first address of a range.',
  last: 'The last address of a range.',
  name: 'What it is called.',
  place: 'The site.',
  space: 'The VRF.',
  account: 'Whose it is.',
  state: 'Free, used, reserved.',
} as const
export type Meaning = keyof typeof meanings

/** As they are compared: in small letters, without accents and punctuation. */
const words: Readonly<Record<Meaning | 'vlan' | 'gateway' | 'owner', string>> = {
  network:
    'subnet,network,cidr,prefix,network address,ip range,ip block,block,scope,subnetz,netz,netzwerk,netzadresse,ip bereich,adressbereich,' +
    'sous reseau,reseau,plage,adresse reseau,subred,red,rango,segmento,sub rede,rede,faixa,sottorete,rete,netwerk,nat,delnat,nettverk,' +
    'aliverkko,podsiec',
  mask:
    'mask,netmask,subnet mask,network mask,prefix length,maske,netzmaske,subnetzmaske,prafixlange,masque,masque de sous reseau,mascara,' +
    'mascara de subred,maschera,masker,natmask,maska',
  address:
    'ip,ip address,ipaddress,address,host ip,ipv4,ipv6,ipv4 address,ip adresse,adresse ip,direccion ip,endereco ip,indirizzo ip,ip adres,' +
    'ip adress,adres ip',
  first: 'start,from,first,first ip,start ip,start address,von,anfang,debut,de,inicio,desde,da,van,fran,poczatek',
  last: 'end,to,last,last ip,end ip,end address,bis,ende,fin,a,hasta,fim,tot,till,koniec',
  name:
    'name,hostname,description,purpose,comment,beschreibung,zweck,bezeichnung,kommentar,nom,nombre,descripcion,nome,descrizione,naam,namn,' +
    'nazwa,opis',
  place: 'site,location,place,standort,ort,lieu,sede,ubicacion,local,sito,locatie,plats,lokalizacja',
  space: 'vrf,routing domain,vrf name',
  account: 'account,account id,subscription,subscription id,project,project id,tenant',
  state: 'status,state,usage,zustand,statut,etat,estado,stato,stan',
  vlan: 'vlan,vlan id,vid',
  gateway: 'gateway,gw,default gateway,standardgateway,passerelle,puerta de enlace',
  owner:
    'owner,contact,verantwortlich,ansprechpartner,responsable,proprietaire,propietario,responsabile,eigenaar,agare,wlasciciel',
}
const known = Object.entries(words).flatMap(([meaning, list]) => list.split(',').map((word) => ({ meaning, word })))

/** Without case, accents and punctuation. */
export const plainWord = (text: string): string =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()

/** More of a header is not looked at. */
export const guessedColumnsMax = 256
/** A short word inside of a header means nothing: `to` of `date to check`. */
const insideLengthMin = 4

/** The columns of a header whose meaning is known, by their places: the one that is named most exactly, of each meaning. */
export function guessColumns(header: readonly string[]): ReadonlyMap<string, number> {
  const best = new Map<string, { readonly at: number; readonly score: number }>()
  for (const [at, name] of header.slice(0, guessedColumnsMax).entries()) {
    const plain = plainWord(name)
    let found: { readonly meaning: string; readonly score: number } | undefined
    for (const { meaning, word } of known) {
      const isInside = word.length >= insideLengthMin && ` ${plain} `.includes(` ${word} `)
      const score = plain === word ? exact + word.length : isInside ? word.length : 0
      if (score > (found?.score ?? 0)) found = { meaning, score }
    }
    if (found && found.score > (best.get(found.meaning)?.score ?? 0))
      best.set(found.meaning, { at, score: found.score })
  }
  // A title above the table may hold such a word too.
  const isTitle = [...best.values()].every(({ score }) => score < exact) && best.size === 1
  return new Map(isTitle ? [] : [...best].map(([meaning, { at }]) => [meaning, at]))
}
const exact = 1_000

const stateWords: readonly (readonly ['free' | 'in-use' | 'planned' | 'releasing', string])[] = [
  ['free', 'free,available,unused,frei,libre,disponible,livre,libero,vrij,ledig,wolny'],
  [
    'in-use',
    'used,in use,active,assigned,allocated,belegt,aktiv,benutzt,utilise,actif,usado,activo,ativo,in uso,attivo,in gebruik,uzywany',
  ],
  [
    'planned',
    'reserved,planned,reserviert,geplant,reserve,prevu,reservado,planificado,riservato,gereserveerd,reserverad,zarezerwowany',
  ],
  ['releasing', 'deprecated,decommissioned,abgekundigt,obsolete,obsoleto'],
]
const stateOfWord = new Map(
  stateWords.flatMap(([state, list]) => list.split(',').map((word) => [word, state] as const)),
)
export const stateIn = (text: string): 'free' | 'in-use' | 'planned' | 'releasing' | undefined =>
  stateOfWord.get(plainWord(text))

/** What is written where there is nothing. */
const nothing = new Set([
  '',
  'n a',
  'na',
  'none',
  'tbd',
  'tbc',
  'keine',
  'keiner',
  'aucun',
  'ninguno',
  'nenhum',
  'nessuno',
  'geen',
])
export const saysNothing = (text: string): boolean => nothing.has(plainWord(text))
