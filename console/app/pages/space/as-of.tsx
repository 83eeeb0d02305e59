// The moment that a page shows: a slider, and a day and a time beside it. It is in the address of the page; without one it is now.
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import DatePicker from '@cloudscape-design/components/date-picker'
import FormField from '@cloudscape-design/components/form-field'
import Slider from '@cloudscape-design/components/slider'
import SpaceBetween from '@cloudscape-design/components/space-between'
import TimeInput from '@cloudscape-design/components/time-input'
import { type ReactNode, useState } from 'react'
import { useSearchParams } from 'react-router'
import { Moment } from '../../parts/words.tsx'

const steps = 200
const day = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short' })
const time = new Intl.DateTimeFormat('sv-SE', { timeStyle: 'short' })

/** The moment in the address of a page. */
export function momentIn(params: URLSearchParams): string | undefined {
  const at = Date.parse(params.get('at') ?? '')
  return Number.isNaN(at) ? undefined : new Date(at).toISOString()
}

export function AsOf({ first }: { readonly first: string | undefined }): ReactNode {
  const [params, setParams] = useSearchParams()
  const [now] = useState(() => Date.now())
  const at = momentIn(params)
  const begin = Math.min(Date.parse(first ?? '') || now, at === undefined ? now : Date.parse(at))
  const span = Math.max(now - begin, 1)
  const shown = at === undefined ? now : Date.parse(at)
  const go = (moment: number): void =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before)
        after.delete('cursor')
        if (moment >= now) after.delete('at')
        else after.set('at', new Date(moment).toISOString())
        return after
      },
      { replace: true },
    )
  const typed = (to: { readonly day?: string; readonly time?: string }): void => {
    const moment = new Date(`${to.day ?? day.format(shown)}T${to.time ?? time.format(shown)}`).getTime()
    if (!Number.isNaN(moment)) go(moment)
  }
  return (
    <Container>
      <SpaceBetween size="m" direction="horizontal" alignItems="end">
        <FormField label="As of">
          <div className="moment-slider">
            <Slider
              ariaLabel="As of"
              ariaDescription={at === undefined ? 'now' : at}
              min={0}
              max={steps}
              step={1}
              value={Math.round(((shown - begin) / span) * steps)}
              valueFormatter={(value) =>
                value >= steps ? 'Now' : new Date(begin + (span * value) / steps).toISOString().slice(0, 16)
              }
              onChange={({ detail }) => go(detail.value >= steps ? now : begin + (span * detail.value) / steps)}
            />
          </div>
        </FormField>
        <FormField label="Day">
          <DatePicker
            value={day.format(shown)}
            format="iso"
            placeholder="YYYY-MM-DD"
            onChange={({ detail }) => typed({ day: detail.value })}
            openCalendarAriaLabel={(value) => `Choose a day${value ? `, chosen is ${value}` : ''}`}
            nextMonthAriaLabel="Next month"
            previousMonthAriaLabel="Previous month"
            todayAriaLabel="Today"
          />
        </FormField>
        <FormField label="Time">
          <TimeInput
            format="hh:mm"
            placeholder="hh:mm"
            value={time.format(shown)}
            onChange={({ detail }) => {
              if (/^\d\d:\d\d$/.test(detail.value)) typed({ time: detail.value })
            }}
          />
        </FormField>
        <Button disabled={at === undefined} disabledReason="It shows the present." onClick={() => go(now)}>
          Now
        </Button>
        {at === undefined ? null : <Moment at={at} />}
      </SpaceBetween>
    </Container>
  )
}
