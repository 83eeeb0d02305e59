// AWS: the addresses of one account, or of all accounts of an organization, in all Regions.
import type { Account } from '@aws-sdk/client-organizations'
import { readRegion } from './aws-region.ts'
import { policyText } from './aws-rights.ts'
import { type Aws, type Identity, openAws, type Session } from './aws-sdk.ts'
import { AwsTrouble } from './aws-trouble.ts'
import { type Around, type Collected, type Collector, SourceTrouble, shownText } from './collector.ts'
import { Pages } from './pages.ts'
import { together } from './together.ts'

export const aws: Collector = {
  kind: 'aws',
  summary:
    'Read VPCs, subnets, public addresses, gateways, load balancers, databases, ranges of clusters and IPAM pools of an AWS account, or of all accounts of an organization.',
  options: [
    {
      flag: 'organization-role',
      value: 'NAME',
      meaning: 'Read all accounts of the organization: each by the role of this name in it, the own one without.',
    },
    { flag: 'external-id', value: 'ID', meaning: 'What the role asks for, where it does.' },
    {
      flag: 'account',
      value: 'IDS',
      meaning:
        'Only these accounts of the organization, separated by commas. Name the same ones each time: what is left out is taken for gone.',
    },
    {
      flag: 'region',
      value: 'REGIONS',
      meaning:
        'Only these Regions, separated by commas, else all that an account has enabled. Name the same ones each time: what is left out is taken for gone.',
    },
    {
      flag: 'interfaces',
      value: 'public|all',
      meaning:
        'Which addresses of network interfaces: the public ones (the default; those of load balancers and databases are read in any case), or all.',
    },
    {
      flag: 'endpoint-url',
      value: 'URL',
      meaning:
        'The endpoint of EC2, Organizations, STS and the services beside them, where it is not the one of AWS; `AWS_ENDPOINT_URL` says the same.',
    },
  ],
  variables: {
    AWS_PROFILE: 'The profile with the credentials. Everything else that the AWS SDK reads is read too.',
    AWS_MAX_ATTEMPTS: 'How often each question is asked before it counts as failed; eight times by default.',
    AWS_REGION: 'The Region to begin in, where `--region` names none.',
  },
  rights: {
    words:
      'Whoever runs it needs all three statements, in the management account or in a delegated administrator’s. Each other account has a role with the first statement that trusts them: `cadastre-collect` below, or whatever `--organization-role` names. For one account alone the first statement is enough.',
    document: { language: 'json', text: policyText() },
  },
  optionsProblem,
  async *collect(around) {
    const opened = await openAws(around)
    try {
      yield* collectFrom(around, opened)
    } finally {
      opened.close()
    }
  },
}

const wordsIn = (text: string): string[] => text.split(',').map((word) => word.trim())

function optionsProblem(options: ReadonlyMap<string, string>): string | undefined {
  const role = options.get('organization-role')
  if (role !== undefined && !/^[\w+=,.@/-]{1,576}$/.test(role))
    return '`--organization-role` is the name of a role, without its ARN'
  for (const flag of ['external-id', 'account'])
    if (role === undefined && options.has(flag)) return `\`--${flag}\` is for \`--organization-role\``
  const accounts = wordsIn(options.get('account') ?? '000000000000')
  if (!accounts.every((id) => /^\d{12}$/.test(id))) return '`--account` takes numbers of accounts, twelve digits each'
  const regions = wordsIn(options.get('region') ?? 'us-east-1')
  if (!regions.every((name) => /^[a-z]{2,}(-[a-z0-9]+)+$/.test(name)))
    return '`--region` takes Regions such as `eu-central-1`'
  const interfaces = options.get('interfaces') ?? 'all'
  if (interfaces !== 'public' && interfaces !== 'all') return '`--interfaces` takes `public` or `all`'
  const endpoint = options.get('endpoint-url') ?? 'http://localhost'
  return /^https?:\/\/./.test(endpoint) && URL.canParse(endpoint)
    ? undefined
    : '`--endpoint-url` takes a URL such as `http://127.0.0.1:4566`'
}

// Accounts -----------------------------------------------------------------------------------------------------------

/** Of accounts and Regions together; in each there is one question at a time. */
const regionsAtOnce = 8
/** The most that `ListAccounts` takes. */
const accountsAtOnce = 20

type Task = () => AsyncGenerator<readonly Collected[]>

/** For tests too, which bring what AWS answers. */
export async function* collectFrom(around: Around, source: Aws): AsyncGenerator<Collected> {
  const self = await source.identity()
  const estate = new Estate(around, source, self)
  await estate.begin()
  for await (const batch of together(estate.tasks(), regionsAtOnce)) yield* batch
  estate.end()
}

class Estate {
  readonly #around: Around
  readonly #aws: Aws
  readonly #self: Identity
  readonly #role: string | undefined
  readonly #regions: readonly string[] | undefined
  /** The accounts that are read. */
  readonly #read = new Set<string>()
  /** Those that exist and cannot be read now. */
  readonly #closed: Collected[] = []
  /** Of the Regions that were asked for: those that an account knows, and in how many accounts they are not enabled. */
  readonly #known = new Set<string>()
  readonly #notEnabled = new Map<string, number>()

  /** What is not offered, and in which Regions. */
  readonly #absent = new Map<string, Set<string>>()

  constructor(around: Around, source: Aws, self: Identity) {
    this.#around = around
    this.#aws = source
    this.#self = self
    this.#role = around.options.get('organization-role')
    const regions = around.options.get('region')
    this.#regions = regions === undefined ? undefined : [...new Set(wordsIn(regions))]
  }

  async begin(): Promise<void> {
    if (this.#role === undefined) {
      this.#read.add(this.#self.account)
      return
    }
    const chosen = this.#around.options.get('account')
    const wanted = chosen === undefined ? undefined : new Set(wordsIn(chosen))
    for await (const account of this.#organization()) {
      const { Id: id } = account
      if (id === undefined || (wanted && !wanted.delete(id))) continue
      // `Status` is what `State` was called.
      const state = account.State ?? account.Status ?? 'ACTIVE'
      if (state === 'ACTIVE') this.#read.add(id)
      else if (state === 'PENDING_ACTIVATION') this.#around.note(`Account ${id} is not active yet: it has nothing.`)
      // What it has is still there.
      else this.#closed.push({ unlisted: { account: id, locale: '', reason: `The account is ${state}.` } })
    }
    const strangers = [...(wanted ?? [])]
    if (strangers.length > 0)
      throw new SourceTrouble(`The organization has no account ${strangers.map((id) => `\`${id}\``).join(', ')}.`)
  }

  async *#organization(): AsyncGenerator<Account> {
    let token: string | undefined
    const named = new Pages()
    for (;;) {
      this.#around.progress('accounts of the organization')
      const answer = await this.#aws.listAccounts({
        MaxResults: accountsAtOnce,
        ...(token === undefined ? {} : { NextToken: token }),
      })
      yield* answer.Accounts ?? []
      // An empty page says nothing about the next one.
      if (!answer.NextToken) return
      token = answer.NextToken
      const problem = named.problemOf(token)
      if (problem) throw new SourceTrouble(`The list of ListAccounts ${problem}.`)
    }
  }

  async *tasks(): AsyncGenerator<Task> {
    if (this.#closed.length > 0) yield () => once(this.#closed)
    for (const account of this.#read) {
      try {
        const session = await this.#enter(account)
        for (const region of await this.#regionsOf(account, session)) yield () => this.#region(account, session, region)
      } catch (error) {
        if (!(error instanceof AwsTrouble)) throw error
        yield () => once([this.#unlisted(account, '', error.message)])
      }
    }
  }

  /** The own account has the credentials that are there; a management account has no such role either. */
  async #enter(account: string): Promise<Session> {
    if (account === this.#self.account) return this.#aws.own
    this.#around.progress(`${account}: its role`)
    const partition = this.#self.arn.split(':')[1] || 'aws'
    const externalId = this.#around.options.get('external-id')
    return this.#aws.assume({
      arn: `arn:${partition}:iam::${account}:role/${this.#role}`,
      ...(externalId === undefined ? {} : { externalId }),
    })
  }

  /** Each account has enabled others. */
  async #regionsOf(account: string, session: Session): Promise<readonly string[]> {
    this.#around.progress(`${account}: Regions`)
    const ec2 = session.ec2(this.#aws.region)
    try {
      const { Regions = [] } = await ec2.ask('DescribeRegions', { AllRegions: this.#regions !== undefined })
      const enabled = new Set<string>()
      for (const { RegionName: name, OptInStatus: status } of Regions) {
        if (name === undefined) continue
        this.#known.add(name)
        if (status !== 'not-opted-in') enabled.add(name)
      }
      if (!this.#regions) return [...enabled].sort()
      const unknown = this.#regions.filter((name) => !this.#known.has(name))
      if (unknown.length > 0)
        throw new SourceTrouble(`AWS has no Region ${unknown.map((name) => `\`${name}\``).join(', ')}.`)
      for (const name of this.#regions)
        if (!enabled.has(name)) this.#notEnabled.set(name, (this.#notEnabled.get(name) ?? 0) + 1)
      return this.#regions.filter((name) => enabled.has(name))
    } catch (error) {
      // They can be read all the same, or say themselves why not.
      if (error instanceof AwsTrouble && this.#regions) return this.#regions
      throw error
    } finally {
      ec2.close()
    }
  }

  async *#region(account: string, session: Session, region: string): AsyncGenerator<readonly Collected[]> {
    const ec2 = session.ec2(region)
    try {
      const parts = readRegion({
        account,
        region,
        ask: ec2.ask,
        askService: session.services(region),
        wantsPrivate: this.#around.options.get('interfaces') === 'all',
        isRead: (other) => this.#read.has(other),
        isAlone: this.#role === undefined,
        progress: (what) => this.#around.progress(`${account} ${region}: ${what}`),
        offersNo: (what) => this.#offersNo(what, region),
      })
      for await (const part of parts) {
        if ('found' in part) yield part.found
        else yield [this.#unlisted(account, region, part.missing.join('; '))]
      }
    } finally {
      ec2.close()
    }
  }

  #offersNo(what: string, region: string): void {
    const regions = this.#absent.get(what) ?? new Set()
    this.#absent.set(what, regions.add(region))
  }

  /** Where one account alone is read, all that was shown is of its listing, whoever owns it. */
  #unlisted(account: string, locale: string, reason: string): Collected {
    const own = this.#role === undefined ? '' : account
    return { unlisted: { account: own, locale, reason: shownText(reason, reasonMax) } }
  }

  end(): void {
    for (const [what, regions] of this.#absent)
      this.#around.note(`There are no ${what} in ${[...regions].sort().join(', ')}: the question is not known there.`)
    for (const [name, count] of this.#notEnabled)
      this.#around.note(`${name} is not enabled in ${count === 1 ? 'one account' : `${count} accounts`}.`)
  }
}
/** As the reader of snapshots takes it. */
const reasonMax = 512

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value
}
