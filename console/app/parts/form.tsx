// The one form: what somebody typed, what is wrong with it at its field, and the server's refusal where it belongs. What was typed stays
// whatever happens: the server goes away, the session ends, somebody else was first.
import Button from '@cloudscape-design/components/button'
import CloudscapeForm from '@cloudscape-design/components/form'
import FormField from '@cloudscape-design/components/form-field'
import Input, { type InputProps } from '@cloudscape-design/components/input'
import Select, { type SelectProps } from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { type ReactNode, type RefObject, useEffect, useState } from 'react'
import { Trouble } from '../api/client.ts'
import { hold } from '../api/held.ts'
import { useAct } from './act.ts'
import { Confirm } from './confirm.tsx'
import { Refused, useFirstWrong } from './refused.tsx'

/** What is wrong with a value, as a sentence that says what is allowed. */
export type Check<V, T> = (value: T, all: V) => string | undefined
export type Checks<V> = { readonly [K in keyof V]?: Check<V, V[K]> }
/** Of text that must be there. */
export const needed =
  (sentence: string) =>
  (value: string): string | undefined =>
    value.trim() === '' ? sentence : undefined

export interface FormState<V> {
  readonly values: V
  set<K extends keyof V & string>(name: K, value: V[K]): void
  /** What is wrong with a field, once somebody has tried. */
  wrong(name: keyof V & string): string | undefined
  submit(): void
  readonly isBusy: boolean
  /** What the server refused and no field of this form stands for. */
  readonly error: Error | null
  readonly at: RefObject<HTMLDivElement | null>
}

export interface FormSettings<V, R> {
  readonly initial: V
  readonly checks?: Checks<V>
  /** Where the server calls a member otherwise than the form calls its field. */
  readonly fieldOf?: (member: string) => (keyof V & string) | undefined
  readonly call: (values: V) => Promise<R>
  /** What is said once it is done, where the page does not show it anyway. */
  readonly done?: string
  readonly after?: (result: R) => void
}

export function useForm<V extends object, R>({
  initial,
  checks = {},
  fieldOf,
  call,
  done,
  after,
}: FormSettings<V, R>): FormState<V> {
  const [values, setValues] = useState(initial)
  const [isTried, setTried] = useState(false)
  const { at, show } = useFirstWrong()
  useEffect(hold, [])
  const act = useAct(call, done, after)
  const nameOf = (member: string): (keyof V & string) | undefined =>
    fieldOf?.(member) ?? (Object.hasOwn(initial, member) ? (member as keyof V & string) : undefined)
  const refused = act.error instanceof Trouble ? act.error.field : undefined
  const refusedAt = refused === undefined ? undefined : nameOf(refused)
  const checked = (name: keyof V & string): string | undefined => checks[name]?.(values[name], values)
  return {
    values,
    set(name, value) {
      setValues((before) => ({ ...before, [name]: value }))
      // What was refused is about what was there before.
      if (name === refusedAt) act.reset()
    },
    wrong: (name) => (isTried ? checked(name) : undefined) ?? (name === refusedAt ? act.error!.message : undefined),
    submit() {
      if (act.isPending) return
      setTried(true)
      show()
      if ((Object.keys(checks) as (keyof V & string)[]).some((name) => checked(name) !== undefined)) return
      act.mutate(values, { onError: show })
    },
    isBusy: act.isPending,
    error: refusedAt === undefined ? act.error : null,
    at,
  }
}

/** A form of its own on a page. */
export function Form<V>({
  form,
  act,
  reason,
  cancel,
  children,
}: {
  form: FormState<V>
  /** What the button says, such as "Make the pool". */
  act: string
  /** Why it cannot be done, and who could do it. */
  reason?: string | undefined
  cancel?: () => void
  children: ReactNode
}): ReactNode {
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault()
        form.submit()
      }}
    >
      <CloudscapeForm
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            {cancel === undefined ? null : (
              <Button variant="link" formAction="none" onClick={cancel}>
                Cancel
              </Button>
            )}
            <Button variant="primary" loading={form.isBusy} disabled={reason !== undefined} disabledReason={reason}>
              {act}
            </Button>
          </SpaceBetween>
        }
      >
        <div ref={form.at}>
          <SpaceBetween size="m">
            {children}
            {form.error ? <Refused error={form.error} /> : null}
          </SpaceBetween>
        </div>
      </CloudscapeForm>
    </form>
  )
}

/** A form in a dialog. Enter in a field of one line is its button. */
export function FormDialog<V>({
  form,
  title,
  act,
  close,
  children,
}: {
  form: FormState<V>
  title: string
  act: string
  close: () => void
  children: ReactNode
}): ReactNode {
  return (
    <Confirm title={title} act={act} isBusy={form.isBusy} error={form.error} close={close} confirm={form.submit}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          form.submit()
        }}
      >
        <div ref={form.at}>
          <SpaceBetween size="m">{children}</SpaceBetween>
        </div>
      </form>
    </Confirm>
  )
}

interface FieldProps<V> {
  readonly form: FormState<V>
  readonly label: string
  /** Under the label: what it is for, what is allowed. */
  readonly hint?: ReactNode
  readonly isOptional?: boolean
}
const labelOf = ({ label, isOptional }: Pick<FieldProps<unknown>, 'label' | 'isOptional'>): ReactNode =>
  isOptional ? (
    <>
      {label} <i>– optional</i>
    </>
  ) : (
    label
  )
type NamesOf<V, T> = { [K in keyof V & string]: V[K] extends T ? K : never }[keyof V & string]

export function TextField<V extends object>({
  form,
  name,
  lines,
  placeholder,
  type = 'text',
  isFirst,
  ...field
}: FieldProps<V> & {
  readonly name: NamesOf<V, string>
  /** More than one: a field for several lines. */
  readonly lines?: number
  readonly placeholder?: string
  readonly type?: InputProps.Type
  /** Typing begins here. */
  readonly isFirst?: boolean
}): ReactNode {
  const value = form.values[name] as string
  const set = (text: string): void => form.set(name, text as V[typeof name])
  const shared = {
    value,
    ariaRequired: field.isOptional !== true,
    autoFocus: isFirst === true,
    ...(placeholder === undefined ? {} : { placeholder }),
    onChange: ({ detail }: { detail: { value: string } }) => set(detail.value),
  }
  return (
    <FormField label={labelOf(field)} description={field.hint} errorText={form.wrong(name)}>
      {lines === undefined ? <Input type={type} {...shared} /> : <Textarea rows={lines} {...shared} />}
    </FormField>
  )
}

export function ChoiceField<V extends object>({
  form,
  name,
  options,
  placeholder,
  ...field
}: FieldProps<V> & {
  readonly name: NamesOf<V, string>
  readonly options: readonly SelectProps.Option[]
  readonly placeholder?: string
}): ReactNode {
  const value = form.values[name] as string
  return (
    <FormField label={labelOf(field)} description={field.hint} errorText={form.wrong(name)}>
      <Select
        ariaRequired={field.isOptional !== true}
        filteringType={options.length > filterFrom ? 'auto' : 'none'}
        options={options}
        selectedOption={options.find((one) => one.value === value) ?? null}
        placeholder={placeholder ?? 'Choose one'}
        onChange={({ detail }) => form.set(name, (detail.selectedOption.value ?? '') as V[typeof name])}
      />
    </FormField>
  )
}
/** Longer lists are searched. */
const filterFrom = 10
