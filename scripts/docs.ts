// `npm run docs`: writes the pages of docs/reference from what the code says; with --check it only says which are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonDepthMax, jsonTextLengthMax } from '../src/api/json-bounds.ts'
import { type CommandWords, commandWords, ownWords, usageOf } from '../src/cli/commands.ts'
import { exitCodes } from '../src/cli/exit-codes.ts'
import { momentForms } from '../src/cli/moments.ts'
import { isPositional, type NativeCommand } from '../src/cli/native-command.ts'
import { ownFlags } from '../src/cli/own-flags.ts'
import { collectWords } from '../src/collect/command.ts'
import { collectors } from '../src/collect/table.ts'
import { clientVariables, variables } from '../src/config.ts'
import { fileWords } from '../src/files/words.ts'
import { ec2Model, organizationsModel, type ServiceModel, stsModel } from '../src/formats/aws/service-model.ts'
import { lineBytesMax, observationFields, observedTagsMax, unlistedMax } from '../src/formats/observations.ts'
import { observedKinds, observedStates } from '../src/model/observation.ts'
import { type SettingWord, settingWords } from '../src/model/policy/tag-settings.ts'
import { roleNames, roles } from '../src/model/roles.ts'
import type { NativeDownload } from '../src/operations/download.native.ts'
import { type NativeIntake, type NativeOperation, noteOnBody, usualBody } from '../src/operations/operation.native.ts'
import { nativeOperations, nouns } from '../src/operations/table.native.ts'
import { operationTables } from '../src/operations/tables.aws.ts'
import { errorsPage } from './errors-page.ts'
import { nativeCommands, nativeCommandsPath, nativeCommandsText } from './native-commands.ts'
import { page, table } from './pages.ts'
import { catalogues, patternOf } from './reasons.ts'

const root = join(import.meta.dirname, '..')
export const referenceFolder = 'docs/reference'

/** Every generated page: its path from the root of the repository, and its text. */
export function referencePages(): ReadonlyMap<string, string> {
  const pages = {
    operations: operationsPage(),
    'native-api': nativeApiPage(),
    roles: rolesPage(),
    'policy-settings': policySettingsPage(),
    errors: errorsPage(),
    reasons: reasonsPage(),
    configuration: configurationPage(),
    observations: observationsPage(),
    collectors: collectorsPage(),
    commands: commandsPage(),
  }
  return new Map(Object.entries(pages).map(([name, text]) => [`${referenceFolder}/${name}.md`, text]))
}

/** Code that is generated, likewise. */
export const generatedSources = (): ReadonlyMap<string, string> => new Map([[nativeCommandsPath, nativeCommandsText()]])

// Operations ---------------------------------------------------------------------------------------------------------

const services = [
  { name: 'EC2', table: operationTables.ec2, model: ec2Model, refusal: 'UnsupportedOperation' },
  {
    name: 'Organizations',
    table: operationTables.organizations,
    model: organizationsModel,
    refusal: 'UnsupportedAPIEndpointException',
  },
  { name: 'STS', table: operationTables.sts, model: stsModel, refusal: 'UnsupportedOperation' },
] as const

function operationsPage(): string {
  const summary = table(
    ['service', 'known', 'work', 'the others answer'],
    services.map(({ name, table, model, refusal }) => {
      const known = Object.keys(model.operations)
      const work = known.filter((operation) => table.has(operation)).length
      return [name, String(known.length), String(work), work === known.length ? '' : `\`${refusal}\``]
    }),
  )
  const sections = services.flatMap(({ name, table: implemented, model, refusal }) => {
    const known = Object.keys(model.operations).sort()
    const work = known.filter((operation) => implemented.has(operation))
    const others = known.filter((operation) => !implemented.has(operation))
    const rows = work.map((operation) => {
      const { required, optional } = parametersOf(model, operation)
      return [
        `\`${operation}\``,
        implemented.get(operation)!.access === 'read' ? 'reads' : 'writes',
        required.join(', '),
        optional.join(', '),
      ]
    })
    return [
      `## ${name}: ${work.length} work`,
      table(['operation', '', 'required', 'optional'], rows),
      ...(others.length === 0
        ? []
        : [
            `## ${name}: ${others.length} are known and refused`,
            `They answer \`${refusal}\`, naming themselves:`,
            others.map((operation) => `\`${operation}\``).join(', '),
          ]),
    ]
  })
  return page(
    'Operations',
    'Names, types, enumerations and bounds of parameters are those of the AWS service models ' +
      `(EC2 ${ec2Model.metadata.apiVersion}, Organizations ${organizationsModel.metadata.apiVersion}, STS ${stsModel.metadata.apiVersion}). ` +
      'An operation that is not on this page answers `InvalidAction` (Organizations: `UnknownOperationException`).',
    summary,
    ...sections,
    '## Where AWS does otherwise',
    table(['what', 'here', 'why'], deviations),
  )
}

/** What clients of EC2 could rely on, and is otherwise here; or what is left, and why. */
const deviations: readonly (readonly [what: string, here: string, why: string])[] = [
  [
    '`CreateIpamPool`',
    'A pool without a `Locale` below a pool with one shows `None`, and serves the locale of the pool above: what is allowed there with that locale is allowed in it.',
    'A pool is for one place, and so is all that is below it. The value that was asked for is shown, because Terraform replaces a pool that shows another.',
  ],
  [
    '`DeprovisionIpamPoolCidr`',
    'Where released space in the CIDR rests, it stays `pending-deprovision` until the last rest ends: nothing more is given from it, and it leaves the pool by itself. Where space in it is held, it is `failed-deprovision` with the moment until which.',
    'Released space goes to nobody else before its rest has ended, whatever becomes of its pool. `terraform destroy` waits for half an hour, and goes on from there when it is run again.',
  ],
  [
    '`ProvisionIpamPoolCidr`',
    'A `Cidr` that the pool has already is refused with `InvalidParameterValue`.',
    'Clients know a CIDR of a pool by its text: of two, one failed, they lose the good one.',
  ],
  [
    '`DeleteIpamPool`, `DeleteIpam` with `Cascade`',
    'Where more than 1,000 allocations would end, it is refused with `DependencyViolation`, which says how many there are.',
    'It is one transaction, and others would wait for it. Release allocations first, or delete the pools below one by one.',
  ],
  [
    '`GetIpamPoolAllocations` of a pool that is shared with you',
    'Shows your own allocations.',
    'What others hold is for the owner of the pool to see.',
  ],
  [
    'Pools that only a policy or an exception lists',
    'Space is taken from them, by name too; `Describe…` and `Get…` do not show them.',
    'Reading is what a share gives.',
  ],
  [
    '`GetIpamPoolAllocations`, `DescribeIpamPoolAllocations` with filters',
    'One page looks at 10,000 allocations; where less matches it is shorter, or empty, and has a `NextToken`.',
    'No request holds the others up. Paginators go on by themselves.',
  ],
  [
    '`DescribeAddresses`',
    'An answer that lists more than 8 MiB, some 14,000 addresses, is refused with `ResourceCountExceeded`: name addresses or give filters.',
    'It has no pages, and answers are held in memory until they are read.',
  ],
  [
    '`NextToken`',
    'Is good for the same operation, parameters, Region and caller; any other is refused (EC2: `InvalidPaginationToken`).',
    'Nothing can be read from it, and nobody makes one.',
  ],
  [
    '`ProvisionIpamPoolCidr`, `CreateVpc`, `AssociateVpcCidrBlock`',
    'Space with a purpose of its own (RFC 6890, multicast) is refused where it cannot be held; documentation and benchmark ranges may be held anywhere.',
    'Nobody vouches for public space here as AWS does before it is advertised.',
  ],
  [
    '`GetIpamResourceCidrs`',
    'What was made here is there at once, and what sources tell of is as old as their last snapshot.',
    'The register is its own monitoring; what is elsewhere is known by observations.',
  ],
  [
    '`DryRun`',
    'Permissions and parameters are checked, not the state of things, as in EC2. Beyond that the whole decision of policy is made: what policy denies, or has no space for, is refused. The header `x-cadastre-warning` says what of the space sources say is in use, also for `PreviewNextCidr`, and `x-cadastre-impact` what a change of governance would make of space in use.',
    'Whoever plans a change learns what policy would say.',
  ],
  [
    '`DisassociateAddress`',
    'A second time is no error for an association of your own; one that you never had is `InvalidAssociationID.NotFound`.',
    'A mistyped id is told.',
  ],
  [
    '`AllocateAddress` with `Address` alone',
    'An address that you released comes back from its pool while it is free and the pool is yours to use. Where a policy speaks of Elastic IPs, it comes back only from the pools that the policy gives.',
    'A recovery is no way around policy.',
  ],
  [
    '`CreateIpamPool` of your own public IPv6 space',
    'Needs `PubliclyAdvertisable` at the top; below another pool it may be left out.',
    'The pool at the top says it for the space.',
  ],
  [
    'Filters',
    'One for what there is none of here, such as Outposts or attachments, is taken and matches nothing.',
    'There are records of networks, and no machines.',
  ],
  [
    'Service principals',
    'Those of the AWS services that Organizations lists are known; what was enabled before can always be disabled.',
    'The list comes with the version of Cadastre.',
  ],
  [
    'IPv6 blocks with host bits',
    'Are refused with the network that was probably meant.',
    'EC2 documents clearing for IPv4 only.',
  ],
]

function parametersOf(model: ServiceModel, operation: string): { required: string[]; optional: string[] } {
  const input = model.operations[operation]?.input
  const shape = input === undefined ? undefined : model.shapes[input]
  const names = Object.keys(shape?.members ?? {}).sort()
  const isRequired = (name: string): boolean => shape?.required?.includes(name) === true
  return { required: names.filter(isRequired), optional: names.filter((name) => !isRequired(name)) }
}

// The native API -----------------------------------------------------------------------------------------------------

function nativeApiPage(): string {
  const sections = nouns.flatMap(({ name, summary, operations, intakes = [], downloads = [] }) => [
    `## ${name}`,
    summary,
    table(
      ['operation', 'request', 'command', 'needs', 'what it does', 'refuses with'],
      [...operations.map(rowOf), ...intakes.map(rowOfIntake), ...downloads.map(rowOfDownload)].map((operation) => [
        `\`${operation.name}\``,
        `\`${operation.rest.method} ${operation.rest.path}\``,
        operation.cli === undefined ? '' : `\`cadastre ${operation.cli}\``,
        `\`${operation.action}\``,
        [operation.summary, operation.description, operation.note].filter(Boolean).join(' '),
        operation.refusals.map((code) => `\`${code}\``).join(', '),
      ]),
    ),
  ])
  return page(
    'The native API',
    'All requests are below `/api/v1`, with `Authorization: Bearer TOKEN` and JSON. `GET /api/v1/openapi.json` is the ' +
      'OpenAPI 3.1 description, `/api/v1/docs` the same to browse. What `needs` names must be permitted by a ' +
      '[role](roles.md). Refusals are problem details (RFC 9457) with the code and [facts](errors.md#problems-of-the-native-api) ' +
      'of the error.',
    'Every change takes `?dryRun=true` (decide and answer, change nothing), an `Idempotency-Key` (a repeat has no second ' +
      'effect for a day), and, where something that can be read is changed, `If-Match` with the `ETag` that was read.',
    `A body may have ${usualBody.bytesMax} bytes and ${usualBody.membersMax} members of objects and lists, where nothing else ` +
      `is said, objects and lists ${jsonDepthMax} deep in one another, and texts of ${jsonTextLengthMax} characters: ` +
      '`RequestTooLarge`.',
    ...sections,
  )
}

const rowOf = (operation: NativeOperation) => ({ ...operation, note: noteOnBody(operation) })
/** What an intake has in its line. */
const rowOfIntake = ({
  name,
  action,
  summary,
  description,
  refusals,
  rest: { method, path, contentType },
}: NativeIntake) => ({
  ...{ name, action, summary, description, refusals, cli: undefined },
  rest: { method, path },
  note: `The body is \`${contentType}\`.`,
})

const rowOfDownload = ({ name, action, summary, description, refusals, isOpen, rest }: NativeDownload) => ({
  ...{ name, action, summary, description, refusals, cli: undefined },
  rest: { method: 'GET', path: rest.path },
  note: [
    `The answer is ${rest.contentTypes.map((type) => `\`${type}\``).join(' or ')}.`,
    ...(isOpen ? ['Needs no token, unless the operator says otherwise; then any will do.'] : []),
  ].join(' '),
})

function rolesPage(): string {
  return page(
    'Roles',
    'A role is bound to a principal (`user:NAME`, `service:NAME` or `group:NAME`) at a node of the organization (a root, a ' +
      'unit, an account, or `*` for everything) and holds there and below. What nothing permits is denied. A binding with effect `forbid` ' +
      'holds at its node and below, and binds there whom the role is permitted at the node from which the right of whoever set it ' +
      'came (`bindsFrom`), or below that, and nobody to whom it is permitted further above; it is lifted with the right with which ' +
      'it was set. The last binding with which somebody can give every role at the top stays. What is forbidden to a group binds ' +
      'every token that comes from a sign-in in that group, also when the sign-in has ended. What is done ' +
      'with a token that somebody made for a service must be permitted to both.',
    table(
      ['role', 'is for', 'permits'],
      roleNames.map((name) => [
        `\`${name}\``,
        roles[name].summary,
        roles[name].actions.map((action) => `\`${action}\``).join(' '),
      ]),
    ),
  )
}

// Observations -------------------------------------------------------------------------------------------------------

function observationsPage(): string {
  const rows = (words: Readonly<Record<string, string>>) =>
    Object.entries(words).map(([name, meaning]) => [`\`${name}\``, meaning])
  return page(
    'Observations',
    'What is there, as a source tells it: one form for every cloud, cluster, address manager and file. A snapshot is NDJSON (one JSON ' +
      'object a line, UTF-8) of any size: a head, observations, an end. `cadastre collect` writes it for the sources that it knows; ' +
      'anybody can write it for another one, and send it with `POST /api/v1/sources/SOURCE/snapshots`.',
    '```json\n' +
      '{"snapshot":{"takenAt":"2026-11-25T09:30:00Z","collector":"my-script 1"}}\n' +
      '{"kind":"network","cidr":"10.0.0.0/16","space":"vpc-1","id":"vpc-1","account":"222222222222","locale":"eu-central-1","type":"vpc","name":"shop","tags":{"env":"prod"}}\n' +
      '{"kind":"range","range":"192.0.2.5-192.0.2.20","name":"dhcp"}\n' +
      '{"end":{"observations":2,"unlisted":[{"account":"333333333333","reason":"access denied"}]}}\n' +
      '```',
    'Observations never hand out or free space by themselves.',
    '## The head and the end',
    '`takenAt` is when the listing began. Of two snapshots of a source the later one tells what is there; one that is not later is ' +
      'refused, so that a repeat takes nothing for gone.',
    'The end says how many lines with observations there were; without it, or where the number is another one, the snapshot was cut ' +
      'off and nothing of it holds. `unlisted` says what could not be listed, by `account`, `locale`, both, or neither (then nothing ' +
      `was listed whole): nothing there is taken for gone. It has at most ${unlistedMax} parts.`,
    '## Observations',
    `A line has at most ${lineBytesMax} bytes. Absent, \`null\` and empty are the same. A member that is not in this table is refused.`,
    table(
      ['member', 'characters', 'meaning'],
      [
        ...Object.entries(observationFields).map(([name, { max, words }]) => [`\`${name}\``, String(max), words]),
        ['`tags`', '', `An object of texts, at most ${observedTagsMax}.`],
      ],
    ),
    'An observation is the same as in the snapshot before where `kind`, `space`, `key` and its block are the same; everything else ' +
      'of it may change. Each block of a `range` is an observation.',
    '### Kinds',
    table(['kind', 'meaning'], rows(observedKinds)),
    '### States',
    table(['state', 'meaning'], rows(observedStates)),
    '## What becomes of it',
    'Nothing of a snapshot is seen by anybody before its end; then all of it holds at once. What held before and is not in it is ' +
      '`missing`; what is missing in two complete snapshots is `gone`, and comes back as it was where it is seen again. A line that ' +
      'is wrong is named by its number: with `onProblem=discard`, the default, nothing of the snapshot holds then; with ' +
      '`onProblem=skip` the other lines do, and nothing is taken for gone. With `discard` no more is read once 100 lines are wrong, and ' +
      'with `skip` a snapshot is refused once 10,000 are.',
    'A source keeps its newest 1,000 snapshots. What was gone for 100 snapshots is forgotten.',
  )
}

// Collectors ---------------------------------------------------------------------------------------------------------

function collectorsPage(): string {
  return page(
    'Collectors',
    '`cadastre collect KIND` reads what is there, where the credentials are: in a pipeline, a cron job, beside a cluster. The server never ' +
      'has them. What it finds are [observations](observations.md); with `--dry-run` they are printed, and else sent as a snapshot of the ' +
      '`--source`. Nothing is ever written at the source, and of what it answers only the members that are meant are read: no key or ' +
      'password becomes part of an observation, and tags with such names stay behind. What could not be listed is said, and nothing there is ' +
      'taken for gone. The words of all are among the [commands](commands.md).',
    table(
      ['collector', 'reads'],
      collectors.map(({ kind, summary }) => [`[\`${kind}\`](#${kind})`, summary]),
    ),
    ...collectors.flatMap(({ kind, summary, options, variables = {}, rights: { words, document } }) => [
      `## ${kind}`,
      summary,
      table(
        ['option', 'meaning'],
        options.map(({ flag, value, meaning, isRequired }) => [
          `\`--${flag} ${value}\`${isRequired ? ', needed' : ''}`,
          meaning,
        ]),
      ),
      ...(Object.keys(variables).length === 0
        ? []
        : [
            table(
              ['environment', 'meaning'],
              Object.entries(variables).map(([name, meaning]) => [`\`${name}\``, meaning]),
            ),
          ]),
      `**Rights.** ${words}`,
      ...(document ? [`\`\`\`${document.language}\n${document.text.trimEnd()}\n\`\`\``] : []),
    ]),
  )
}

// Policy settings ----------------------------------------------------------------------------------------------------

const settingOwners: Readonly<Record<SettingWord['of'], string>> = {
  policy: 'Of a policy',
  assignment: 'Of an assignment',
  document: 'Of a document',
  rule: 'Of a rule',
  IPAM: 'Of an IPAM',
  pool: 'Of a pool',
}
const suffixes: Readonly<Record<NonNullable<SettingWord['suffix']>, string>> = {
  pair: '`/TYPE` or `/LOCALE/TYPE`',
  pool: '`/POOL` or `/LOCALE/TYPE/POOL`',
}

function policySettingsPage(): string {
  const sections = Object.entries(settingOwners).flatMap(([owner, title]) => {
    const words = settingWords.filter(({ of }) => of === owner)
    return [
      `## ${title}`,
      table(
        ['field', 'values', 'default', 'meaning'],
        words.map(({ field, allowed, fieldAllowed, summary, ...word }) => [
          `\`${field}\``,
          fieldAllowed ?? allowed,
          word.default,
          summary,
        ]),
      ),
      'Superseded spelling as tags over EC2:',
      table(
        ['tag key', 'may be followed by', 'sets', 'values'],
        words.map(({ key, suffix, field, allowed }) => [
          `\`${key}\``,
          suffix === undefined ? '' : suffixes[suffix],
          `\`${field}\``,
          allowed,
        ]),
      ),
    ]
  })
  return page(
    'Policy settings',
    'Settings are fields of the [native API](native-api.md). Over the EC2 API, which has no parameter for them, they can ' +
      'still be set by tags with the prefix `cadastre:` on the policy, IPAM or pool: that spelling is superseded, works, and ' +
      'sets the same fields. A key or a value that is not on this page is refused. Of several tags for one setting the most ' +
      'specific holds: `KEY/LOCALE/TYPE` before `KEY/TYPE` before `KEY`.',
    ...sections,
  )
}

// Reasons ------------------------------------------------------------------------------------------------------------

/** All that refusals say, so that whoever looks for a sentence finds what it is about. */
const reasonsPage = (): string =>
  page(
    'Reasons',
    'What refusals say beside their [code](errors.md), in the sentence of EC2 and in `problem`, `because`, `what`, `countedFor` and `remedy` of the ' +
      'native API. Facts stand in capitals; lists have two of them here. Words may change; codes and facts do not.',
    ...Object.entries(catalogues).flatMap(([about, lines]) => [
      `## ${about.replace(/^ipam$/, 'IPAM').replace(/^./, (first) => first.toUpperCase())}`,
      table(
        ['reason', 'says'],
        Object.entries(lines).map(([reason, line]) => [`\`${reason}\``, patternOf(line).replaceAll('|', '\\|')]),
      ),
    ]),
  )

// Configuration and commands -----------------------------------------------------------------------------------------

function configurationPage(): string {
  const rows = (variables: Readonly<Record<string, { name: string; default: string; meaning: string }>>): string =>
    table(
      ['variable', 'default', 'meaning'],
      Object.values(variables).map(({ name, default: fallback, meaning }) => [
        `\`${name}\``,
        fallback === '' ? '' : `\`${fallback.replaceAll(',', ', ')}\``,
        meaning,
      ]),
    )
  return page(
    'Configuration',
    'Everything is read from the environment, once, at start; all that is wrong is said at once. There is no other file of settings.',
    rows(variables),
    '## Of the command line',
    'Where `cadastre` asks a server ([commands](commands.md)); the server reads none of these.',
    rows(clientVariables),
  )
}

function commandsPage(): string {
  const plain = (commands: readonly CommandWords[]): string =>
    table(
      ['command', 'does'],
      commands.map((command) => [`\`cadastre ${usageOf(command)}\``, command.meaning]),
    )
  const commands = nativeCommands(nativeOperations)
  return page(
    'Commands',
    'From a clone, `npm run -s cadastre -- WORDS`. Every command says with `--help` how it is called.',
    '## At the server',
    'These work beside a running server, on the data folder or the database of the same settings.',
    plain(Object.values(commandWords)),
    '## Here',
    "Who you are stands in a profile: the server, and a token that is readable by you alone. A profile's token goes to the " +
      'server of the profile and to no other.',
    plain([...Object.values(ownWords), ...Object.values(fileWords), ...collectWords]),
    '## Over the native API',
    'What stands in the path of the [request](native-api.md) is given in order, everything else as flags. Flags of lists and ' +
      'of `KEY=VALUE` are repeated. Where JSON is expected, `@FILE` reads a file and `-` the standard input. ' +
      '`cadastre explain DECISION` and `cadastre explain --account N --resource-type TYPE --locale LOCALE` are short for ' +
      '`explain decision` and `explain request`.',
    ...nouns.flatMap(({ name, operations }) => {
      const own = commands.filter((command) => operations.some((operation) => operation.name === command.name))
      if (own.length === 0) return []
      return [
        `### ${name}`,
        table(
          ['command', 'does'],
          own.map((command) => [`\`${callOf(command)}\``, command.summary]),
        ),
      ]
    }),
    '## Flags of all of them',
    table(
      ['flag', 'with', 'does'],
      Object.entries(ownFlags).map(([flag, { meaning, ...rest }]) => [
        `\`${'letter' in rest ? `-${rest.letter}, ` : ''}--${flag}${'value' in rest ? ` ${rest.value}` : ''}\``,
        whoHas(flag as keyof typeof ownFlags),
        meaning,
      ]),
    ),
    '## How answers look',
    'On a terminal a table fits its width: columns without any value give way first, then long texts, then whole columns from the ' +
      'last one (what is left out is said, and `--wide` shows it). Ids are short there: the installation’s digits, which all have in ' +
      'common, are left out, so that `ipam-pool-3b` is one pool and no other, and every command takes it in place of the whole ' +
      'id; in JSON that you write, and of things of a cloud (`vpc-…`, `eipalloc-…`), ids are whole. What is printed elsewhere ' +
      'has every column and whole ids, whatever its width.',
    'Colour is for terminals, unless `NO_COLOR` is set or `TERM` is `dumb`, and says nothing that the text does not. ' +
      '`-o json` prints what the API answers; a list is `{"items": […], "nextCursor": …}`, and with `--all` it has all items and no ' +
      'cursor, but for lists that grow. `-o yaml` is the same as YAML. `-o csv` (RFC 4180) has a column for every member, what has ' +
      'parts of its own as JSON; a text that a spreadsheet would run begins with an apostrophe there.',
    '## Exit codes',
    table(
      ['code', 'when'],
      Object.values(exitCodes).map(({ code, meaning }) => [String(code), meaning]),
    ),
    '## Moments',
    `A moment is given as ${momentForms}, in the time zone of whoever asks (\`TZ\`, or that of the machine). A day alone is its ` +
      'first moment. A time such as `7d` counts back where a list looks back (`--from`, `--until`, `--at`), and ahead where something begins ' +
      'or ends (`--expires-at`, `--starts-at`); a day has 24 hours. Moments are shown with their offset, which a table has in its heading where all have the same; in JSON, YAML and CSV they are as the API has them.',
    '## What is said beside the answer',
    'What people should know beside the answer (a warning of a policy, the id of the decision, an `ETag`, that there are more ' +
      'pages) goes to the standard error, as refusals do: the sentence, the facts one per line, and the next step.',
  )
}

/** What stands for itself in order, flags that must be there, and dots where there are others. */
function callOf({ words, parameters }: NativeCommand): string {
  const inOrder = parameters.filter(isPositional).map(({ flag }) => flag.toUpperCase())
  const flags = parameters.filter((parameter) => !isPositional(parameter))
  const required = flags.filter(({ isRequired }) => isRequired).map(({ flag }) => `--${flag} …`)
  const others = flags.length > required.length ? ['[…]'] : []
  return ['cadastre', words, ...inOrder, ...required, ...others].join(' ')
}

function whoHas(flag: keyof typeof ownFlags): string {
  if (flag === 'all') return 'lists that have pages'
  if (flag === 'follow') return 'lists that grow'
  if (flag === 'form') return 'explanations'
  if (flag === 'dry-run') return 'changes'
  if (flag === 'idempotency-key') return 'changes, but those that answer a secret'
  if (flag === 'if-match') return 'changes of what can be read'
  return ''
}

// ---------------------------------------------------------------------------------------------------------------------

if (import.meta.main) {
  const check = process.argv.includes('--check')
  mkdirSync(join(root, referenceFolder), { recursive: true })
  for (const [path, text] of [...referencePages(), ...generatedSources()]) {
    if (readOr(join(root, path), '') === text) continue
    if (check) {
      process.stderr.write(`${path} is stale: run npm run docs\n`)
      process.exitCode = 1
    } else {
      writeFileSync(join(root, path), text)
      process.stdout.write(`wrote ${path}\n`)
    }
  }
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise // A page that cannot be read is stale like one that differs.
  }
}
