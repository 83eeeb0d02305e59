// What can be done to one object: a row of buttons, those that cannot be used now disabled with the reason, and the dialog of each.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useState } from 'react'
import { FormDialog, needed, TextField, useForm } from './form.tsx'

export interface Act<T> {
  readonly id: string
  /** On the button, here and in the dialog. */
  readonly act: string
  readonly title: string
  /** What it means, in the dialog. */
  readonly says: ReactNode
  /** What is said once it is done. */
  readonly done: string
  /** What somebody is asked to write. */
  readonly note?: { readonly label: string; readonly isOptional?: boolean }
  readonly isPrimary?: boolean
  /** Why it cannot be done now, and who could do it. */
  readonly reason?: string | undefined
  readonly call: (of: T, note: string) => Promise<unknown>
  readonly after?: () => void
}

export function Acts<T>({ of, acts }: { of: T | undefined; acts: readonly Act<T>[] }): ReactNode {
  const [chosen, setChosen] = useState<string | undefined>()
  const open = acts.find(({ id }) => id === chosen)
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {acts.map(({ id, act, reason, isPrimary }) => {
          const why = of === undefined ? 'It is not loaded.' : reason
          return (
            <Button
              key={id}
              variant={isPrimary ? 'primary' : 'normal'}
              disabled={why !== undefined}
              disabledReason={why}
              onClick={() => setChosen(id)}
            >
              {act}
            </Button>
          )
        })}
      </SpaceBetween>
      {open === undefined || of === undefined ? null : <Dialog of={of} act={open} close={() => setChosen(undefined)} />}
    </>
  )
}

function Dialog<T>({ of, act, close }: { of: T; act: Act<T>; close: () => void }): ReactNode {
  const { note } = act
  const form = useForm({
    initial: { note: '' },
    checks: note === undefined || note.isOptional === true ? {} : { note: needed('Say why.') },
    call: (values) => act.call(of, values.note.trim()),
    done: act.done,
    after: () => {
      close()
      act.after?.()
    },
  })
  return (
    <FormDialog form={form} title={act.title} act={act.act} close={close}>
      <p>{act.says}</p>
      {note === undefined ? null : (
        <TextField form={form} name="note" label={note.label} lines={3} isOptional={note.isOptional === true} isFirst />
      )}
    </FormDialog>
  )
}
