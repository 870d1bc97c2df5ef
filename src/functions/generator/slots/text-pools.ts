// Word pools of the free texts in texts.ts.

import { lines, words } from "./slot.ts";

export const THINGS = lines(`
  keys
  tickets
  passport
  laundry
  groceries
  cake
  charger
  umbrella
  homework
  medicine
  documents
  invoice
  contract
  sandwiches
  sunscreen
  guitar
  projector
  camera
  rent
  car
  bike
  dog
  cat
  plants
  dishes
  package
  bread
  milk
  jacket
  suitcase
  blueprints
  microphone
  tent
  headphones
  prescription
  garden hose
  wedding gift
  library books
  football boots
  birthday card
`);

export const EVENTS = lines(`
  meeting
  dinner
  party
  concert
  interview
  rehearsal
  match
  class
  workshop
  flight
  train
  movie
  lecture
  barbecue
  picnic
  exam
  wedding
  appointment
  presentation
  training
  book club
  game night
  yoga session
  board meeting
  parents evening
  dress rehearsal
  staff lunch
  choir practice
  product demo
  team call
`);

export const TOPICS = lines(`
  quarterly report
  project update
  budget plan
  vacation request
  invoice
  job application
  wedding plans
  summer schedule
  new contract
  travel expenses
  sprint review
  rental agreement
  marketing campaign
  garden project
  design draft
  exam results
  sales figures
  lost luggage
  insurance claim
  server migration
  hiring plan
  school trip
  shipping delay
  holiday photos
  customer feedback
  release notes
  floor plan
  road map
  meeting minutes
  press kit
`);

export const OF_THINGS = words("new old red blue small big spare extra green cheap broken heavy");
export const OF_EVENTS = words(
  "first final second monthly weekly annual big small early late quick short long urgent next",
);
