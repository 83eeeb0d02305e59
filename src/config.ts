// The configuration: the only reader of the environment, turned once into one frozen, checked value.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { type AwsRates, offRates, parseAwsRates, usualRates } from '#model/aws-rates.ts'
import { type Cidr, parseAddress, parseCidr } from '#model/cidr.ts'
import { recipientProblem } from '#model/delivery-target.ts'
import { parseVerifierKey, type SignatureType, signatureTypes, type VerifierKey } from '#model/evidence/note.ts'
import { withoutBrackets } from '#model/host-name.ts'
import { isAccountId } from '#model/organization.ts'
import { cidrProblem } from '#model/pool.ts'
import { didYouMean } from '#model/problems/phrases.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { meantBy } from '#model/words-alike.ts'
import type { OperationSettings, RegionSetting } from '#operations/operation.ts'

export interface Config {
  readonly dataFolder: string
  /** PostgreSQL in place of the embedded database; undefined: the embedded one. */
  readonly database:
    | {
        readonly url: string
        readonly isHighlyAvailable: boolean
        /** Of the schema's owner, for `cadastre migrate`; undefined: the servers' user owns it. */
        readonly ownerUrl: string | undefined
      }
    | undefined
  readonly host: string
  readonly port: number
  /** Where this server listens for the others of its database, and what it tells them; undefined: it writes by itself. */
  readonly peers: { readonly host: string; readonly port: number; readonly address: string | undefined } | undefined
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly Cidr[]
  /** The key that seals secrets in the database; undefined: `secret.key` in the data folder, made at the first start. */
  readonly secretKeyFile: string | undefined
  /** Where the log of evidence is written to; undefined: nowhere. */
  readonly evidenceFolder: string | undefined
  /** Whether anybody may read the log of evidence over HTTP, without a token. */
  readonly isEvidencePublic: boolean
  /** Who is asked to sign the log beside this installation. */
  readonly witnesses: readonly { readonly url: string; readonly key: VerifierKey }[]
  /** Keys of the logs that this installation is a witness for. */
  readonly witnessedKeys: readonly VerifierKey[]
  readonly bootstrap: {
    readonly account: string
    /** Both or none: without them a key is drawn and printed once. */
    readonly accessKeyId: string | undefined
    readonly secretAccessKey: string | undefined
  }
  /** The files of the certificate and its key; undefined: the server speaks HTTP, and TLS is the proxy's in front of it. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined
  /** Where browsers reach this server, without a slash at the end. */
  readonly publicUrl: string | undefined
  /** Where people sign in; undefined: nobody does. */
  readonly oidc: OidcConfig | undefined
  /** What notifications are mailed through; undefined: none are. */
  readonly mail:
    | {
        readonly url: string
        readonly user: string | undefined
        readonly password: string | undefined
        readonly from: string
      }
    | undefined
  /** Of an account over the AWS APIs; undefined: as often as it likes. */
  readonly awsRates: AwsRates | undefined
  /** Of one principal over the native API. */
  readonly requestsPerMinute: number
  readonly probeSeconds: number
  readonly operations: OperationSettings
  /** Where the record is sent. */
  readonly sinks: {
    readonly syslog: { readonly host: string; readonly port: number } | undefined
    /** By whom receivers of syslog are believed, also those that are subscribed. */
    readonly syslogCaFile: string | undefined
    readonly file: string | undefined
  }
}

export interface OidcConfig {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string | undefined
  readonly nameClaim: string
  readonly groupsClaim: string
  readonly publicUrl: string
}

/** The problems of a configuration, all at once, for the operator. */
export class ConfigProblem extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigProblem'
  }
}

interface Variable {
  readonly name: string
  readonly default: string
  readonly meaning: string
}

/** Every variable that is read, for the code below, `cadastre help` and the reference page alike. */
const probeSecondsMax = 3_600

export const variables = {
  data: {
    name: 'CADASTRE_DATA',
    default: './data',
    meaning:
      'The folder of the embedded database. On PostgreSQL, where the folder is there: which audit entry this server acknowledged last, so that an old copy of the database is recognised after a restart too; one folder per server.',
  },
  databaseUrl: {
    name: 'CADASTRE_DATABASE_URL',
    default: '',
    meaning:
      'PostgreSQL 15 to 18 in place of the embedded database, for any number of servers: `postgres://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE&schema=cadastre`. Of several hosts, the one that takes writes is used.',
  },
  migrationUrl: {
    name: 'CADASTRE_MIGRATION_URL',
    default: '',
    meaning:
      "The same database as its schema's owner, for `cadastre migrate`, `cadastre decisions keep` and `cadastre audit erase` alone: then the user of CADASTRE_DATABASE_URL gets a server's rights and no more. Where it is empty, the servers own the schema.",
  },
  profile: {
    name: 'CADASTRE_PROFILE',
    default: 'standard',
    meaning: '`ha` refuses a PostgreSQL whose commits do not wait for a second machine; `standard` does not ask.',
  },
  host: { name: 'CADASTRE_HOST', default: '127.0.0.1', meaning: 'The address to listen on.' },
  port: { name: 'CADASTRE_PORT', default: '7420', meaning: 'The port to listen on; 0 takes any free one.' },
  peerPort: {
    name: 'CADASTRE_PEER_PORT',
    default: '',
    meaning:
      'Of several servers on one PostgreSQL: the port where this one listens for the others, and no client; 0 takes any free one. Then what changes something is handed to the one that leads, which writes for all. Where it is empty, this server writes by itself.',
  },
  peerHost: {
    name: 'CADASTRE_PEER_HOST',
    default: '',
    meaning: 'The address to listen on for them; that of CADASTRE_HOST where it is empty.',
  },
  peerAddress: {
    name: 'CADASTRE_PEER_ADDRESS',
    default: '',
    meaning:
      'Where they reach it, as `HOST` or `HOST:PORT`, such as the address of a container; where it is empty, the address that it listens on, or the first one of the machine where that is all of them.',
  },
  trustedProxies: {
    name: 'CADASTRE_TRUSTED_PROXIES',
    default: '',
    meaning:
      'Addresses and CIDRs of proxies in front of this server, separated by commas: what they say in `X-Forwarded-For` is where a request comes from, for the record and for limits per address. Where it is empty, nobody is believed.',
  },
  secretKeyFile: {
    name: 'CADASTRE_SECRET_KEY_FILE',
    default: '',
    meaning:
      'A file with the 32 bytes (64 hexadecimal digits) that seal secret access keys; `secret.key` in the data folder, made at the first start, where it is empty.',
  },
  evidenceFolder: {
    name: 'CADASTRE_EVIDENCE_FOLDER',
    default: '',
    meaning:
      'A folder to which the log of evidence is written every minute, as C2SP tiles and checkpoints, best on storage that this server cannot change later; of several servers, one. Nowhere where it is empty.',
  },
  evidencePublic: {
    name: 'CADASTRE_EVIDENCE_PUBLIC',
    default: 'true',
    meaning:
      'Whether anybody who reaches the server may read the log of evidence without a token, as C2SP tiles below `/api/v1/evidence/log` (`true`, `false`): salted hashes, which say how many changes and refusals there are and nothing of any. With `false` any good token is enough.',
  },
  witnesses: {
    name: 'CADASTRE_WITNESSES',
    default: '',
    meaning:
      'Witnesses of the log of evidence, separated by commas, each a URL and the public key of the witness: `https://witness.example.com/api/v1/witness NAME+HASH+KEY` (C2SP `tlog-witness`). Each is sent every checkpoint. An address of a private network must be in CADASTRE_OUTBOUND_ALLOW. The same on every server.',
  },
  witnessedLogs: {
    name: 'CADASTRE_WITNESSED_LOGS',
    default: '',
    meaning:
      'Public keys of logs, separated by commas, that this installation is a witness for: it signs what they send to `/api/v1/witness/add-checkpoint`, as long as they only grow. The same on every server.',
  },
  bootstrapAccount: {
    name: 'CADASTRE_BOOTSTRAP_ACCOUNT',
    default: '111111111111',
    meaning: "The organization's management account, made at the first start.",
  },
  bootstrapKeyId: {
    name: 'CADASTRE_BOOTSTRAP_ACCESS_KEY_ID',
    default: '',
    meaning: "The management account's first access key; drawn and printed once where it is empty.",
  },
  bootstrapSecret: {
    name: 'CADASTRE_BOOTSTRAP_SECRET_ACCESS_KEY',
    default: '',
    meaning: 'The secret of that key.',
  },
  regions: {
    name: 'CADASTRE_REGIONS',
    default:
      'us-east-1,us-east-2,us-west-1,us-west-2,ca-central-1,eu-central-1,eu-west-1,eu-west-2,eu-west-3,eu-north-1,ap-northeast-1,ap-southeast-1,ap-southeast-2,ap-south-1,sa-east-1',
    meaning: 'The Regions that exist, each with the zones a, b and c.',
  },
  awsRates: {
    name: 'CADASTRE_AWS_RATES',
    default: usualRates,
    meaning:
      'How often one account may ask the AWS APIs in one Region, of one server, as token buckets of BURST/PER_SECOND: `read` and `write`, and, in place of these, actions by name (`AllocateAddress=50/5`), separated by commas. One more is told `RequestLimitExceeded`. `off`: as often as it likes.',
  },
  requestsPerMinute: {
    name: 'CADASTRE_REQUESTS_PER_MINUTE',
    default: '60000',
    meaning:
      'Requests a minute that one principal may make over the native API, of one server, with the services that it made tokens for.',
  },
  probeSeconds: {
    name: 'CADASTRE_PROBE_SECONDS',
    default: '1',
    meaning:
      'How often a server reads and writes to find out what `/readyz` answers, in seconds; `0`: only when it starts.',
  },
  oidcIssuer: {
    name: 'CADASTRE_OIDC_ISSUER',
    default: '',
    meaning: 'The URL of an OpenID Connect provider where people sign in; nobody can where it is empty.',
  },
  oidcClientId: {
    name: 'CADASTRE_OIDC_CLIENT_ID',
    default: '',
    meaning: 'The id under which the provider knows this server.',
  },
  oidcClientSecretFile: {
    name: 'CADASTRE_OIDC_CLIENT_SECRET_FILE',
    default: '',
    meaning: 'A file with the secret that goes with it; empty for a public client.',
  },
  oidcNameClaim: {
    name: 'CADASTRE_OIDC_NAME_CLAIM',
    default: 'email',
    meaning: 'The claim that names a person: `user:` and its value is the principal. An `email` must be verified.',
  },
  oidcGroupsClaim: {
    name: 'CADASTRE_OIDC_GROUPS_CLAIM',
    default: 'groups',
    meaning: 'The claim that lists the groups of a person: `group:` and each value can have roles.',
  },
  publicUrl: {
    name: 'CADASTRE_PUBLIC_URL',
    default: '',
    meaning:
      'Where browsers reach this server, such as `https://cadastre.example.com`; needed for people to sign in from other machines.',
  },
  tlsCertificateFile: {
    name: 'CADASTRE_TLS_CERTIFICATE_FILE',
    default: '',
    meaning:
      'A file with the certificate that the server shows, in PEM, and those between it and its authority behind it: then it speaks TLS (1.2 and 1.3). It is read again when it changes. Empty: HTTP, for a proxy in front or clients on the same machine.',
  },
  tlsKeyFile: {
    name: 'CADASTRE_TLS_KEY_FILE',
    default: '',
    meaning: 'A file with the private key that belongs to it, in PEM, without a passphrase.',
  },
  quarantine: {
    name: 'CADASTRE_QUARANTINE_SECONDS',
    default: '300',
    meaning:
      'How long a released public address rests before somebody else may have it (0 to 2592000). A pool can say otherwise.',
  },
  authorization: {
    name: 'CADASTRE_REQUIRE_CIDR_AUTHORIZATION',
    default: 'false',
    meaning:
      'Whether provisioning a CIDR of your own into a public top-level pool needs an authorization context, as in AWS.',
  },
  providerIpv4: {
    name: 'CADASTRE_PROVIDER_IPV4_CIDR',
    default: '198.18.0.0/15',
    meaning: 'Where provider-assigned IPv4 addresses come from. Read when the first one is taken.',
  },
  providerIpv6: {
    name: 'CADASTRE_PROVIDER_IPV6_CIDR',
    default: '2001:db8::/32',
    meaning: 'Where provider-assigned IPv6 space comes from. Read when the first one is taken.',
  },
  publicSpaceAccounts: {
    name: 'CADASTRE_PUBLIC_SPACE_ACCOUNTS',
    default: '',
    meaning:
      'Accounts of the organization, separated by commas, that may provision public CIDRs into pools without a source pool, beside the delegated administrator of IPAM (or the management account where there is none). The same on every server.',
  },
  outboundAllow: {
    name: 'CADASTRE_OUTBOUND_ALLOW',
    default: '',
    meaning:
      'Addresses and CIDRs, separated by commas, that notifications may be sent to though they are of this machine, of private networks or of the link. The same on every server.',
  },
  outboundHttp: {
    name: 'CADASTRE_OUTBOUND_HTTP',
    default: 'false',
    meaning: 'Whether notifications may be sent to URLs without TLS (`true`, `false`). The same on every server.',
  },
  smtpUrl: {
    name: 'CADASTRE_SMTP_URL',
    default: '',
    meaning:
      'The server that notifications are mailed through: `smtps://HOST`, or `smtp://HOST:PORT`, which must begin with TLS unless it is this machine. No mail is sent where it is empty. The same on every server.',
  },
  smtpUser: { name: 'CADASTRE_SMTP_USER', default: '', meaning: 'Who signs in there; nobody does where it is empty.' },
  smtpPasswordFile: {
    name: 'CADASTRE_SMTP_PASSWORD_FILE',
    default: '',
    meaning: 'A file with the password that goes with it.',
  },
  mailFrom: {
    name: 'CADASTRE_MAIL_FROM',
    default: '',
    meaning: 'Whom notifications by mail come from, such as `cadastre@example.com`.',
  },
  mailDomains: {
    name: 'CADASTRE_MAIL_DOMAINS',
    default: '',
    meaning:
      'Domains, separated by commas, that notifications are mailed to; `*` is any. That of `CADASTRE_MAIL_FROM` alone where it is empty. The same on every server.',
  },
  syslogUrl: {
    name: 'CADASTRE_SYSLOG_URL',
    default: '',
    meaning:
      'Where the record of changes goes as syslog over TLS, such as `tls://siem.example.com:6514`: what is written from then on, each entry an event of OCSF. An address of a private network must be in CADASTRE_OUTBOUND_ALLOW. The same on every server.',
  },
  syslogCaFile: {
    name: 'CADASTRE_SYSLOG_CA_FILE',
    default: '',
    meaning:
      'A file with the certificates of the authorities that receivers of syslog are believed by, in place of the usual ones: also those of subscriptions.',
  },
  recordFile: {
    name: 'CADASTRE_RECORD_FILE',
    default: '',
    meaning:
      'A file that the record of changes is appended to: what is written from then on, each entry a line of JSON with an event of OCSF. One server writes to it; of several, one that has it set.',
  },
  strictReplays: {
    name: 'CADASTRE_STRICT_REPLAYS',
    default: 'false',
    meaning:
      'Whether a signature is good for one call only, also where the `amz-sdk-invocation-id` beside it is another one and not signed (`true`, `false`). Needed where somebody on the way could read requests and send them again changed; Python clients are then told to try again where two equal calls fall into one second. The same on every server.',
  },
} as const satisfies Record<string, Variable>

/** What the command line reads where it asks a server; the server itself reads none of them. */
export const clientVariables = {
  url: {
    name: 'CADASTRE_URL',
    default: '',
    meaning: 'The server to ask; that of the profile in use where it is empty.',
  },
  token: {
    name: 'CADASTRE_TOKEN',
    default: '',
    meaning: 'The token to ask with; that of the profile where it is empty.',
  },
  clientProfile: {
    name: 'CADASTRE_CLIENT_PROFILE',
    default: '',
    meaning: 'The profile to use; the one that `cadastre profile use` named last where it is empty.',
  },
  configHome: {
    name: 'XDG_CONFIG_HOME',
    default: '',
    meaning:
      'The profiles are in `cadastre/profiles.json` below it; below `.config` of the home folder where it is empty.',
  },
  browser: { name: 'BROWSER', default: '', meaning: 'The program that opens the page of `cadastre login`.' },
  noColour: {
    name: 'NO_COLOR',
    default: '',
    meaning:
      'Whatever it says, there is no colour; nor where `TERM` is `dumb`, or the output does not go to a terminal.',
  },
} as const satisfies Record<string, Variable>

/**
 * The settings of the command line, as `src/cli/surroundings.ts` has them. A folder that is not absolute is ignored, as the
 * base directory specification has it.
 */
export function readClientConfig(environment: Readonly<Record<string, string | undefined>>) {
  const read = ({ name }: Variable): string | undefined => environment[name]?.trim() || undefined
  const named = read(clientVariables.configHome)
  const home = environment.HOME
  const folder = named !== undefined && isAbsolute(named) ? named : home && join(home, '.config')
  return Object.freeze({
    url: read(clientVariables.url),
    token: read(clientVariables.token),
    profile: read(clientVariables.clientProfile),
    profilesFile: folder ? join(folder, 'cadastre', 'profiles.json') : undefined,
    browser: read(clientVariables.browser),
    // A blank is a value, as https://no-color.org has it.
    wantsColour: !environment[clientVariables.noColour.name] && environment.TERM !== 'dumb',
    /** Those of the sources that are collected from: each collector names its own. */
    variable: (name: string): string | undefined => environment[name]?.trim() || undefined,
  })
}

/** Of package.json. */
export function programVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}

/** All that begins so is ours: a setting that is misspelt stops the start, since nobody would notice that it does nothing. */
const ownPrefix = 'CADASTRE_'
const ownNames: ReadonlySet<string> = new Set(
  [...Object.values(variables), ...Object.values(clientVariables)].map(({ name }) => name),
)
const quarantineSecondsMax = 2_592_000
/** Who signs the log beside us, and keys of logs that we sign. */
const witnessesMax = 8
const witnessedMax = 50

/** Reads and checks everything; throws ConfigProblem with all that is wrong. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const read = ({ name, default: fallback }: Variable): string => environment[name]?.trim() || fallback
  const check = (variable: Variable, holds: boolean, expected: string): void => {
    if (!holds) problems.push(`${variable.name}=\`${read(variable)}\`: ${expected}`)
  }
  const number = (variable: Variable, max: number): number => {
    const text = read(variable)
    check(variable, /^\d{1,9}$/.test(text) && Number(text) <= max, `a whole number from 0 to ${max} is expected`)
    return Number(text)
  }
  const cidr = (variable: Variable, family: 4 | 6, lengthMax: number): string => {
    const parsed = parseCidr(read(variable))
    check(
      variable,
      parsed?.family === family && parsed.length <= lengthMax,
      `an IPv${family} CIDR of /${lengthMax} or larger is expected`,
    )
    const unfit = parsed?.family === family ? cidrProblem({ family, scopeType: 'public' }, parsed) : undefined
    check(variable, unfit === undefined, `public space is expected: ${problemInWords(unfit?.problem)}`)
    return read(variable)
  }

  for (const name of Object.keys(environment))
    if (name.startsWith(ownPrefix) && !ownNames.has(name))
      problems.push(`${name}: there is no such setting${didYouMean(meantBy(name, [...ownNames]))}`)

  const accessKeyId = read(variables.bootstrapKeyId) || undefined
  const secretAccessKey = read(variables.bootstrapSecret) || undefined
  check(variables.bootstrapAccount, isAccountId(read(variables.bootstrapAccount)), 'twelve digits are expected')
  if ((accessKeyId === undefined) !== (secretAccessKey === undefined)) {
    problems.push(`${variables.bootstrapKeyId.name} and ${variables.bootstrapSecret.name}: give both or neither`)
  }
  if (accessKeyId !== undefined)
    check(
      variables.bootstrapKeyId,
      /^[A-Z0-9]{16,128}$/.test(accessKeyId),
      '16 to 128 capital letters and digits are expected',
    )
  if (secretAccessKey !== undefined && secretAccessKey.length < 16)
    problems.push(`${variables.bootstrapSecret.name}: at least 16 characters are expected`)
  const isSet = (variable: Variable): boolean => {
    check(variable, ['true', 'false'].includes(read(variable)), '`true` or `false` is expected')
    return read(variable) === 'true'
  }
  const regions = read(variables.regions)
    .split(',')
    .map((name) => name.trim())
  check(
    variables.regions,
    regions.every((name) => regionPattern.test(name)),
    'Region names such as `eu-central-1`, separated by commas, are expected',
  )
  check(variables.regions, new Set(regions).size === regions.length, 'each Region may stand there once')

  const proxies = read(variables.trustedProxies)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => parseAddress(text) ?? parseCidr(text))
  // Whoever trusts everybody would believe what anybody says.
  check(
    variables.trustedProxies,
    proxies.every((block) => block !== undefined && block.length > 0),
    'addresses and CIDRs such as `10.0.0.0/8`, without host bits, separated by commas, are expected (and not all addresses)',
  )

  const keyOf = (text: string, type: SignatureType): VerifierKey | undefined => {
    const key = parseVerifierKey((bytes) => createHash('sha256').update(bytes).digest(), text)
    return key?.type === type ? key : undefined
  }
  const listed = (variable: Variable): string[] =>
    read(variable)
      .split(',')
      .map((text) => text.trim())
      .filter((text) => text !== '')
  const witnesses = listed(variables.witnesses).flatMap((text) => {
    const [url = '', key = ''] = text.split(/\s+/)
    const known = keyOf(key, signatureTypes.cosignature)
    const isUrl = /^https?:$/.test(URL.parse(url)?.protocol ?? '')
    return known && isUrl ? [{ url: url.endsWith('/') ? url : `${url}/`, key: known }] : []
  })
  check(
    variables.witnesses,
    witnesses.length === listed(variables.witnesses).length &&
      witnesses.length <= witnessesMax &&
      new Set(witnesses.map(({ key }) => key.name)).size === witnesses.length,
    `up to ${witnessesMax} are expected, each a URL, a space and the key of a witness (\`cadastre audit key --witness\` there), no name twice`,
  )
  const witnessedKeys = listed(variables.witnessedLogs).flatMap((text) => keyOf(text, signatureTypes.ed25519) ?? [])
  check(
    variables.witnessedLogs,
    witnessedKeys.length === listed(variables.witnessedLogs).length && witnessedKeys.length <= witnessedMax,
    `up to ${witnessedMax} keys of logs are expected, as \`cadastre audit key\` prints them`,
  )
  const smtpUrl = read(variables.smtpUrl)
  const mailDomains = mailDomainsOf(read(variables.mailDomains), read(variables.mailFrom))
  if (smtpUrl !== '') {
    // Not through `check`, which would print a password.
    if (!isMailServer(smtpUrl))
      problems.push(
        `${variables.smtpUrl.name}: \`smtps://HOST\` or \`smtp://HOST:PORT\`, without a password, is expected`,
      )
    check(
      variables.mailFrom,
      recipientProblem(read(variables.mailFrom), []) === undefined,
      'a mail address is expected',
    )
  }

  const outboundAllow = read(variables.outboundAllow)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map((text) => parseAddress(text) ?? parseCidr(text))
  check(
    variables.outboundAllow,
    outboundAllow.every((block) => block !== undefined),
    'addresses and CIDRs such as `10.1.2.0/24`, without host bits, separated by commas, are expected',
  )

  const syslogUrl = URL.parse(read(variables.syslogUrl))
  check(
    variables.syslogUrl,
    read(variables.syslogUrl) === '' || isSyslogUrl(syslogUrl),
    '`tls://HOST` or `tls://HOST:PORT` is expected',
  )

  const publicSpaceAccounts = read(variables.publicSpaceAccounts)
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
  check(
    variables.publicSpaceAccounts,
    publicSpaceAccounts.every(isAccountId),
    'account numbers of twelve digits, separated by commas, are expected',
  )

  const profile = read(variables.profile)
  check(variables.profile, profile === 'standard' || profile === 'ha', '`standard` or `ha` is expected')
  const url = read(variables.databaseUrl)
  // Not through `check`, which would print the password.
  if (url !== '' && !/^postgres(ql)?:\/\//.test(url))
    problems.push(`${variables.databaseUrl.name}: it begins with \`postgres://\``)
  if (url !== '' && read(variables.secretKeyFile) === '')
    problems.push(`${variables.databaseUrl.name} needs ${variables.secretKeyFile.name}, the same key on every server`)
  const ownerUrl = read(variables.migrationUrl)
  if (ownerUrl !== '' && !/^postgres(ql)?:\/\//.test(ownerUrl))
    problems.push(`${variables.migrationUrl.name}: it begins with \`postgres://\``)
  if (ownerUrl !== '' && url === '')
    problems.push(`${variables.migrationUrl.name} needs ${variables.databaseUrl.name}, whose user gets the rights`)
  check(variables.profile, profile !== 'ha' || url !== '', `\`ha\` needs ${variables.databaseUrl.name}`)

  const issuer = read(variables.oidcIssuer)
  const publicUrl = read(variables.publicUrl).replace(/\/$/, '')
  if (issuer !== '' || publicUrl !== '')
    check(variables.publicUrl, isWebUrl(publicUrl), 'an https URL is expected (http on the same machine alone)')
  if (issuer !== '') {
    check(variables.oidcIssuer, isWebUrl(issuer), 'an https URL is expected (http on the same machine alone)')
    if (read(variables.oidcClientId) === '')
      problems.push(`${variables.oidcIssuer.name} needs ${variables.oidcClientId.name}`)
  }

  const awsRates = read(variables.awsRates) === offRates ? undefined : parseAwsRates(read(variables.awsRates))
  check(
    variables.awsRates,
    read(variables.awsRates) === offRates || awsRates !== undefined,
    '`off`, or `read=BURST/PER_SECOND`, `write=…` and actions by name, each once, from 1 to 1000000, separated by commas, are expected',
  )
  const [certificate, key] = [read(variables.tlsCertificateFile), read(variables.tlsKeyFile)]
  if ((certificate === '') !== (key === ''))
    problems.push(`${variables.tlsCertificateFile.name} and ${variables.tlsKeyFile.name}: give both or neither`)
  if (certificate !== '' && publicUrl !== '')
    check(
      variables.publicUrl,
      !publicUrl.startsWith('http:'),
      `with ${variables.tlsCertificateFile.name} an https URL is expected`,
    )

  const peerPort = read(variables.peerPort)
  const peerAddress = read(variables.peerAddress)
  for (const variable of [variables.peerHost, variables.peerAddress])
    if (peerPort === '' && read(variable) !== '') problems.push(`${variable.name} needs ${variables.peerPort.name}`)
  if (peerPort !== '' && url === '')
    problems.push(`${variables.peerPort.name} needs ${variables.databaseUrl.name}: one server has no peers`)
  check(
    variables.peerAddress,
    peerAddress === '' || isPeerAddress(peerAddress),
    '`HOST` or `HOST:PORT` is expected, an IPv6 address in brackets',
  )

  const config: Config = {
    dataFolder: read(variables.data),
    database: url === '' ? undefined : { url, isHighlyAvailable: profile === 'ha', ownerUrl: ownerUrl || undefined },
    host: read(variables.host),
    port: number(variables.port, 65_535),
    peers:
      peerPort === ''
        ? undefined
        : {
            host: read(variables.peerHost) || read(variables.host),
            port: number(variables.peerPort, 65_535),
            address: peerAddress || undefined,
          },
    trustedProxies: proxies.filter((block) => block !== undefined),
    secretKeyFile: read(variables.secretKeyFile) || undefined,
    evidenceFolder: read(variables.evidenceFolder) || undefined,
    isEvidencePublic: isSet(variables.evidencePublic),
    witnesses,
    witnessedKeys,
    bootstrap: { account: read(variables.bootstrapAccount), accessKeyId, secretAccessKey },
    tls: certificate === '' ? undefined : { certificate, key },
    publicUrl: publicUrl || undefined,
    oidc:
      issuer === ''
        ? undefined
        : {
            issuer,
            clientId: read(variables.oidcClientId),
            clientSecret: secretIn(variables.oidcClientSecretFile, read, problems),
            nameClaim: read(variables.oidcNameClaim),
            groupsClaim: read(variables.oidcGroupsClaim),
            publicUrl,
          },
    mail:
      smtpUrl === ''
        ? undefined
        : {
            url: smtpUrl,
            user: read(variables.smtpUser) || undefined,
            password: secretIn(variables.smtpPasswordFile, read, problems),
            from: read(variables.mailFrom),
          },
    awsRates,
    requestsPerMinute: number(variables.requestsPerMinute, 100_000_000),
    probeSeconds: number(variables.probeSeconds, probeSecondsMax),
    sinks: {
      syslog: syslogUrl
        ? {
            host: withoutBrackets(syslogUrl.hostname),
            port: Number(syslogUrl.port || syslogPort),
          }
        : undefined,
      syslogCaFile: read(variables.syslogCaFile) || undefined,
      file: read(variables.recordFile) || undefined,
    },
    operations: {
      regions: regions.map(toRegion),
      quarantineSecondsPublic: number(variables.quarantine, quarantineSecondsMax),
      requireCidrAuthorization: isSet(variables.authorization),
      providerIpv4Cidr: cidr(variables.providerIpv4, 4, 28),
      providerIpv6Cidr: cidr(variables.providerIpv6, 6, 40),
      publicSpaceAccounts: [...new Set(publicSpaceAccounts)],
      isStrictOnReplays: isSet(variables.strictReplays),
      notifications: {
        allowsHttp: isSet(variables.outboundHttp),
        allowedBlocks: outboundAllow.filter((block) => block !== undefined),
        publicUrl: publicUrl || undefined,
        sendsMail: smtpUrl !== '',
        mailDomains,
      },
    },
  }
  if (problems.length > 0) throw new ConfigProblem(problems)
  return Object.freeze(config)
}

/** None: any. Nobody sends mail of the company's to anybody unless the operator says so. */
function mailDomainsOf(text: string, from: string): readonly string[] {
  const named = text
    .split(',')
    .map((one) => one.trim().toLowerCase())
    .filter((one) => one !== '')
  if (named.includes('*')) return []
  return named.length > 0 || from === '' ? named : [from.slice(from.lastIndexOf('@') + 1).toLowerCase()]
}

function isMailServer(text: string): boolean {
  const url = URL.parse(text)
  return (
    url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '' && url.password === '' && url.username === ''
  )
}

/** Of syslog over TLS (RFC 5425). */
const syslogPort = '6514'
const isSyslogUrl = (url: URL | null): boolean =>
  url !== null &&
  url.protocol === 'tls:' &&
  url.hostname !== '' &&
  [url.username, url.password, url.search, url.hash].every((part) => part === '') &&
  (url.pathname === '' || url.pathname === '/')

function isWebUrl(text: string): boolean {
  const url = URL.parse(text)
  if (!url) return false
  return (
    url.protocol === 'https:' || (url.protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
  )
}

/** The text of the file that a variable names; undefined where it names none. */
function secretIn(variable: Variable, read: (variable: Variable) => string, problems: string[]): string | undefined {
  const path = read(variable)
  if (path === '') return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    problems.push(`${variable.name}=\`${path}\`: it cannot be read (${(error as Error).message})`)
    return undefined
  }
}

function isPeerAddress(text: string): boolean {
  const found = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?$/.exec(text)
  return found !== null && Number(found[1] ?? 1) <= 65_535 && Number(found[1] ?? 1) > 0
}

const regionPattern = /^[a-z]{2}(?:-[a-z]{2,16}){1,3}-\d{1,2}$/

/** AWS makes a zone id's prefix of the Region's name: `us-east-1` → `use1`, `ap-southeast-2` → `apse2`. */
function toRegion(name: string): RegionSetting {
  const parts = name.split('-')
  const directions: Record<string, string> = { northeast: 'ne', southeast: 'se', northwest: 'nw', southwest: 'sw' }
  const middle = parts.slice(1, -1).map((part) => directions[part] ?? part[0])
  return { name, zoneIdPrefix: `${parts[0]}${middle.join('')}${parts.at(-1)}`, zones: ['a', 'b', 'c'] }
}
