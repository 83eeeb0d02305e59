// The fields of a document: its rules in their order with their conditions, and its settings. Each change makes another draft.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Input from '@cloudscape-design/components/input'
import Multiselect from '@cloudscape-design/components/multiselect'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { nodes, pools } from '../../api/lists.ts'
import { usePoolNames } from '../../parts/names.ts'
import { tagsText } from './document-words.ts'
import {
  type Draft,
  type DraftRule,
  type DraftSize,
  requiredTagsIn,
  tagsAsText,
  tagsIn,
  type When,
  whenOf,
} from './draft.ts'

export interface FieldsProps {
  readonly draft: Draft
  readonly change: (draft: Draft) => void
  /** What the server says is wrong with a member, such as `rules.0.poolId`, or with anything in it. */
  readonly wrong: (member: string) => string | undefined
}

const optional = (label: string): ReactNode => (
  <>
    {label} <i>– optional</i>
  </>
)
/** Nothing that a member would say: it is left out. */
const without = (draft: Draft, name: keyof Draft): Draft =>
  Object.fromEntries(Object.entries(draft).filter(([one]) => one !== name)) as unknown as Draft
const withMember = <N extends keyof Draft>(draft: Draft, name: N, value: Draft[N] | undefined): Draft =>
  value === undefined ? without(draft, name) : { ...draft, [name]: value }

export function DocumentFields({ draft, change, wrong }: FieldsProps): ReactNode {
  const { rules } = draft
  const setRules = (next: readonly DraftRule[]): void => change({ ...draft, rules: next })
  const move = (index: number, by: -1 | 1): void => {
    const next = [...rules]
    const [moved] = next.splice(index, 1)
    next.splice(index + by, 0, moved!)
    setRules(next)
  }
  return (
    <SpaceBetween size="l">
      <FormField
        label="Pools, in this order"
        description="A request is served by the first pool that has room and whose conditions hold."
        errorText={rules.length === 0 ? wrong('rules') : undefined}
        stretch
      >
        <SpaceBetween size="m">
          {rules.map((rule, index) => (
            <Rule
              // biome-ignore lint/suspicious/noArrayIndexKey: the place of a rule is what it is
              key={index}
              rule={rule}
              number={index + 1}
              count={rules.length}
              error={wrong(`rules.${index}`)}
              change={(next) => setRules(rules.map((one, at) => (at === index ? next : one)))}
              move={(by) => move(index, by)}
              remove={() => setRules(rules.filter((_, at) => at !== index))}
            />
          ))}
          <Button iconName="add-plus" formAction="none" onClick={() => setRules([...rules, { poolId: '' }])}>
            Add a pool
          </Button>
        </SpaceBetween>
      </FormField>
      <Grid gridDefinition={[{ colspan: { default: 12, xxs: 6 } }, { colspan: { default: 12, xxs: 6 } }]}>
        <Choice
          label="Another pool is named"
          hint="By a request, and not listed here."
          value={draft.onExplicit}
          options={explicitOptions}
          error={wrong('onExplicit')}
          set={(value) => change(withMember(draft, 'onExplicit', value))}
        />
        <Choice
          label="All are full"
          hint="No listed pool has room."
          value={draft.onExhausted}
          options={exhaustedOptions}
          error={wrong('onExhausted')}
          set={(value) => change(withMember(draft, 'onExhausted', value))}
        />
      </Grid>
      <Size
        label="IPv4 sizes"
        example="24, 26, 28"
        size={draft.size}
        error={wrong('size')}
        set={(size) => change(withMember(draft, 'size', size))}
      />
      <Size
        label="IPv6 sizes"
        example="48, 56, 64"
        size={draft.sizeIpv6}
        error={wrong('sizeIpv6')}
        set={(size) => change(withMember(draft, 'sizeIpv6', size))}
      />
      <FormField
        label={optional('Required tags')}
        description="A request without them is denied. Such as: team, stage=production"
        errorText={wrong('requiredTags')}
      >
        <InOneLine
          value={draft.requiredTags ?? []}
          format={(requiredTags) => tagsText({ requiredTags })}
          parse={requiredTagsIn}
          set={(tags) => change(withMember(draft, 'requiredTags', tags.length === 0 ? undefined : tags))}
        />
      </FormField>
    </SpaceBetween>
  )
}

const explicitOptions = [
  { value: 'deny', label: 'deny', description: 'The request is refused.' },
  { value: 'steer', label: 'steer', description: 'It is served by the pools of this document.' },
  { value: 'allow', label: 'allow', description: 'It gets what it named.' },
] as const
const exhaustedOptions = [
  { value: 'deny', label: 'deny', description: 'The request is refused.' },
  { value: 'provider', label: 'provider', description: 'It gets space of the provider.' },
] as const

function Choice<T extends string>({
  label,
  hint,
  value,
  options,
  error,
  set,
}: {
  label: string
  hint: string
  value: T | undefined
  options: readonly { readonly value: T; readonly label: string; readonly description: string }[]
  error: string | undefined
  set: (value: T | undefined) => void
}): ReactNode {
  const usual = { value: '', label: 'as the policy has it' }
  return (
    <FormField label={label} description={hint} errorText={error}>
      <Select
        options={[usual, ...options]}
        selectedOption={options.find((one) => one.value === value) ?? usual}
        onChange={({ detail }) => set((detail.selectedOption.value || undefined) as T | undefined)}
      />
    </FormField>
  )
}

const sizeParts = [
  ['min', 'Largest block'],
  ['default', 'By default'],
  ['max', 'Smallest block'],
] as const
function Size({
  label,
  example,
  size = {},
  error,
  set,
}: {
  label: string
  example: string
  size: DraftSize | undefined
  error: string | undefined
  set: (size: DraftSize | undefined) => void
}): ReactNode {
  const change = (name: keyof DraftSize, text: string): void => {
    const typed = text === '' ? undefined : Number(text)
    // In the order of the fields, so that the text says them alike.
    const next: DraftSize = Object.fromEntries(
      sizeParts.flatMap(([part]) => {
        const length = part === name ? typed : size[part]
        return length === undefined ? [] : [[part, length]]
      }),
    )
    set(Object.keys(next).length === 0 ? undefined : next)
  }
  return (
    <FormField
      label={optional(label)}
      description={`Prefix lengths of what a request may get, such as ${example}; empty: whatever pools allow.`}
      errorText={error}
      stretch
    >
      <Grid gridDefinition={sizeParts.map(() => ({ colspan: { default: 12, xxs: 4 } }))}>
        {sizeParts.map(([name, part]) => (
          <FormField key={name} label={part}>
            <Input
              type="number"
              inputMode="numeric"
              ariaLabel={`${label}: ${part.toLowerCase()}`}
              invalid={error !== undefined}
              value={size[name] === undefined ? '' : String(size[name])}
              onChange={({ detail }) => change(name, detail.value)}
            />
          </FormField>
        ))}
      </Grid>
    </FormField>
  )
}

/** A list that is written in one line: what somebody is in the middle of typing stays as they type it. */
function InOneLine<T>({
  value,
  format,
  parse,
  set,
  ariaLabel,
}: {
  value: T
  format: (value: T) => string
  parse: (text: string) => T
  set: (value: T) => void
  ariaLabel?: string
}): ReactNode {
  const [typed, setTyped] = useState(format(value))
  const text = format(parse(typed)) === format(value) ? typed : format(value)
  return (
    <Input
      {...(ariaLabel === undefined ? {} : { ariaLabel })}
      value={text}
      onChange={({ detail }) => {
        setTyped(detail.value)
        set(parse(detail.value))
      }}
    />
  )
}

function Rule({
  rule,
  number,
  count,
  error,
  change,
  move,
  remove,
}: {
  rule: DraftRule
  number: number
  count: number
  error: string | undefined
  change: (rule: DraftRule) => void
  move: (by: -1 | 1) => void
  remove: () => void
}): ReactNode {
  const { data: known } = useQuery(pools)
  const poolName = usePoolNames()
  const options = (known?.items ?? []).map(({ poolId, name, locale }) => ({
    value: poolId,
    label: name ?? poolId,
    description: [poolId, locale].filter((text) => text !== undefined).join(', '),
  }))
  const { poolId, when = {} } = rule
  const chosen = poolId === '' ? null : { value: poolId, label: poolName(poolId) ?? poolId, description: poolId }
  const set = (next: When): void => {
    const made = whenOf({ ...when, ...next })
    change(made === undefined ? { poolId } : { poolId, when: made })
  }
  const hasCondition = rule.when !== undefined
  return (
    <Box>
      <Grid gridDefinition={[{ colspan: { default: 12, xxs: 8 } }, { colspan: { default: 12, xxs: 4 } }]}>
        <FormField errorText={error}>
          <Select
            ariaLabel={`Pool ${number}`}
            placeholder="Choose a pool"
            filteringType="auto"
            invalid={error !== undefined}
            options={options}
            selectedOption={chosen}
            onChange={({ detail }) => change({ ...rule, poolId: detail.selectedOption.value ?? '' })}
          />
        </FormField>
        <SpaceBetween size="xxs" direction="horizontal">
          <Button
            variant="icon"
            iconName="arrow-up"
            formAction="none"
            ariaLabel={`Move pool ${number} up`}
            disabled={number === 1}
            disabledReason="It is the first one."
            onClick={() => move(-1)}
          />
          <Button
            variant="icon"
            iconName="arrow-down"
            formAction="none"
            ariaLabel={`Move pool ${number} down`}
            disabled={number === count}
            disabledReason="It is the last one."
            onClick={() => move(1)}
          />
          <Button
            variant="icon"
            iconName="remove"
            formAction="none"
            ariaLabel={`Remove pool ${number}`}
            onClick={remove}
          />
        </SpaceBetween>
      </Grid>
      <ExpandableSection
        headerText={hasCondition ? 'Only for some' : 'For everybody'}
        headerAriaLabel={`${hasCondition ? 'Only for some' : 'For everybody'}: conditions of pool ${number}`}
        defaultExpanded={hasCondition}
      >
        <Conditions when={when} set={set} number={number} />
      </ExpandableSection>
    </Box>
  )
}

function Conditions({ when, set, number }: { when: When; set: (when: When) => void; number: number }): ReactNode {
  const { data: tree } = useQuery(nodes)
  const optionsOf = (isWanted: (kind: string) => boolean) =>
    (tree?.items ?? [])
      .filter(({ kind }) => isWanted(kind))
      .map(({ nodeId, name }) => ({ value: nodeId, label: name ?? nodeId, description: nodeId }))
  const several = (
    label: string,
    values: readonly string[],
    options: ReturnType<typeof optionsOf>,
    change: (values: string[]) => void,
  ): ReactNode => (
    <FormField label={label}>
      <Multiselect
        ariaLabel={`${label}, pool ${number}`}
        placeholder="Any"
        filteringType="auto"
        deselectAriaLabel={({ label: name }) => `Take ${name} away`}
        options={options}
        selectedOptions={values.map((value) => options.find((one) => one.value === value) ?? { value, label: value })}
        onChange={({ detail }) => change(detail.selectedOptions.map(({ value }) => value!))}
      />
    </FormField>
  )
  return (
    <SpaceBetween size="s">
      {several(
        'Accounts',
        when.accounts ?? [],
        optionsOf((kind) => kind === 'account'),
        (accounts) => set({ accounts }),
      )}
      {several(
        'Below units',
        when.organizationalUnits ?? [],
        optionsOf((kind) => kind !== 'account'),
        (organizationalUnits) => set({ organizationalUnits }),
      )}
      <FormField label="Tags of the account or its units" description="Such as: stage=production|test, tier=gold">
        <InOneLine
          ariaLabel={`Tags of the account or its units, pool ${number}`}
          value={when.tags ?? []}
          format={tagsAsText}
          parse={tagsIn}
          set={(tags) => set({ tags })}
        />
      </FormField>
    </SpaceBetween>
  )
}
