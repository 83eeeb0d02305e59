// What was told long ago is forgotten, and what subscriptions leave behind.
import { forgetTold, isToldForgettable } from '#operations/notification/dispatching.ts'
import type { Job } from './job.ts'

export const forgetNotifications: Job = {
  name: 'forget-notifications',
  everySeconds: 60,
  turnsMax: 10,
  goesOn: true,
  isDue: ({ store }) => store.read(isToldForgettable),
  turn: ({ store }) => store.write(forgetTold),
}
