// The table of bounds in the security guide has every bound that somebody could use up, with the number that the code has.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { exceptionBounds } from '#model/policy/exception-bounds.ts'
import { accountsPerTopUnitMax, unitsPerTopUnitMax } from '#operations/identity/shares.ts'
import { queueShareMax } from '#store/batching.ts'
import { readsWaitingShareMax } from '#store/readers.ts'

const root = join(import.meta.dirname, '..')
const page = readFileSync(join(root, 'docs/guide/security.md'), 'utf8')

/** What the table says, by what stands in backticks in the first cell. */
const listed = new Map(
  [...page.matchAll(/^\| [^|`]*`([^`]+)` \| ([\d,]+) \|/gm)].map(([, name, number]) => [
    name!,
    Number(number!.replaceAll(',', '')),
  ]),
)

/** Numbers of the code, by the names of their constants: some names stand in several files. */
const constants = new Map<string, Set<number>>()
for (const path of globSync('src/**/*.ts', { cwd: root })) {
  if (path.endsWith('.test.ts')) continue
  const text = readFileSync(join(root, path), 'utf8')
  for (const [, name, number] of text.matchAll(/^(?:export )?const (\w+(?:Max|PerMinute|Reserve)) = ([\d_]+)$/gm)) {
    constants.set(name!, (constants.get(name!) ?? new Set()).add(Number(number!.replaceAll('_', ''))))
  }
}
const computed: Readonly<Record<string, number>> = {
  accountsPerTopUnitMax,
  unitsPerTopUnitMax,
  queueShareMax,
  readsWaitingShareMax,
}

/** Bounds of one request, answer, text, turn or time, and of memory that is read again: nobody else has a part in them. */
const ofOneAlone: readonly RegExp[] = [
  /(Characters|Length|Bytes|Seconds|Days|Hours|Ms|Depth|PerPage|PageSize|Digits)Max$/,
  // What an operator writes.
  /^(rate)Max$/,
  // Members of one request or document.
  /^(parameters|listIndex|queryParameters|signedHeaders|filterValues|cidrList|resources|values|pageSize|batch|groups|pathPart|covered|operations)Max$/,
  /^(rules|conditionValues|requiredTags|freezes|rolloutStages|leftTold|watchedPlaces|documents|documentsPerPolicy|sharedWith|version|uniqueLocalLength|text)Max$/,
  /^(servers|entryNumber|port|icmp|protocol|publicAddresses|privateAddresses|zoneAddresses|pools|cascadeAllocations)Max$/,
  // Of one pool inside of a network.
  /^(reservedEnd)Max$/,
  // Of one request, its body, its connection or the refusal of it.
  /^(tileBits|hours|looked|findingsLooked|decisionsCounted|ownDecisions|jsonMembers|freePieces|pipelined|factsListed|backlog|restated)Max$/,
  // What one request may do, alone or between two turns of the event loop.
  /^(aheadTries|changesPerRequest|sweptPerRequest|statementsPerTurn)Max$/,
  // What one answer names or one look reads.
  /^(named|names|compared|drafts|resultsPerRun|fields|idsPerRefusal|cidrsTold|insideNames|networksNamed|targetsNamed|subnetsNamed|listedValues|listedLength|samples|subjects|short|inline|problems|problemsOfRule|exceptionSteps)Max$/,
  /^(overSeen|steps|unreviewed|versions|states|spaces|matching|holdersAsked|ownersAsked|treeCidrs|visibleAccounts|nodesBelow|forecastWeeks|capacityRows|former|pendingScans|impactSpaces|impactRows|formerUnits|bodiesPerStatement|looks|pages|eventLength|depth|forgotten)Max$/,
  // What denials were told within a second: with more, it is looked up anew.
  /^advisedMax$/,
  // Of what one denial is advised.
  /^poolsAroundMax$/,
  // Of one simulation, and of what one change would make of requests.
  /^(plansKept|rulingsKept|spacesSeen|simulatedSpaces|samplesPerKind|attempts|kept)Max$/,
  // Of one turn of what follows the record, and what a finding tells.
  /^(subjectsPerEntry|followedRows|followedPassed|resourcesPerWrite|lookedAt|scopes|allocationsOfNetwork|blocksOfNetwork|moments|pairs|allowed|watched|entriesOfPool)Max$/,
  // What finding a text looks at and shows, and accounts of one name that are looked at.
  /^(matches|rows|characters|places|inside|insideRows|before|beginnings|alike|services|resourceRows)Max$/,
  // Of one proof, note or tile of evidence.
  /^(path|signatures|tileLevel|hashes|signingKeys)Max$/,
  // Requests of one message between servers.
  /^asksMax$/,
  // Of what the operator configures.
  /^(witnesses|witnessed)Max$/,
  // Of one snapshot of a source, and how often it is to come.
  /^(unlisted|observedTags|collector|reason|reportEvery|open|tries|brief|counted)Max$/,
  // Of one tree, signed note or proof.
  /^(tileLevel|signatures|path)Max$/,
  // Turns and attempts of the server's own work.
  /^(turns|numberAttempts|batchSize|batchRows|readers|probes|sweepSize|leaving|poolsAhead|ahead|putOff|poolsPerStatement|blocks|passed|generations|rounds|sessions)Max$/,
  // Of one look of what watches rollouts.
  /^(due|dueRows|countedOfDue|exceptionPages|accountsRead|worldsKept)Max$/,
  // Of one subscription, and of one call of its target.
  /^(recipientsPerTarget|replayedPerRequest|deliveryAttempts|deliveryAgeMs|addresses|answerBytes|earlyAnswers|callSeconds|soonSeconds|shownFacts|digestEvents|digestShown|quietSeconds|countsShown|briefCharacters|shortCharacters)Max$/,
  // Of one line of a snapshot, and of one run of a collector.
  /^(unlisted|observedTags|collector|reason|brief|tries|notes|shown|guessedColumns|headerLines|parts|cells)Max$/,
  // Of one run of a command that reads policy files.
  /^(conflicts|candidates|near|namesAsked|attempts|drifts|changesLookedAt|requestsLookedAt|listed|files|membersOfFiles|open|problemsShown|syntaxProblems|shownValue|directoryLevels)Max$/,
  // What is only remembered: it is read again where it is forgotten.
  /^(principals|clients|good|goneEpochs|overlaid|keys|signingKeys|signedHeadersCache|entries|cursors|holders)Max$/,
]

test('D8 every bound that somebody could use up is in the table of the security guide', () => {
  const missing = [...constants.keys()].filter(
    (name) => /Max$/.test(name) && !listed.has(name) && !ofOneAlone.some((pattern) => pattern.test(name)),
  )
  assert.deepEqual(missing, [])
})

test('D8 the table has the numbers of the code, and names nothing that is not there', () => {
  for (const [name, number] of listed) {
    if (name.includes(' ')) continue
    const known = computed[name] === undefined ? constants.get(name) : new Set([computed[name]])
    assert(known?.has(number), `${name}: the table says ${number}, the code ${[...(known ?? ['nothing'])].join(', ')}`)
  }
})

test('D8 the table has each bound of exceptions', () => {
  const inCode = exceptionBounds.map(({ kind, per, max }) => [
    `${kind} per ${per.join(' and ') || 'installation'}`,
    max,
  ])
  assert.deepEqual(
    [...listed].filter(([name]) => name.includes(' per ')),
    inCode,
  )
})
