// What people search the web for. Copied from the query. No places to go to: those are map searches.

import { firstName } from "./people.ts";
import { city } from "./places.ts";
import { composed, copied, lines, named, type Slot, words } from "./slot.ts";

const FOODS = words(`
  lasagna ramen sourdough tacos hummus pancakes curry falafel risotto paella sushi brownies dumplings kimchi
  guacamole shakshuka pierogi biryani gnocchi goulash ceviche moussaka baklava borscht jollof tiramisu pho
  cheesecake granola pesto
`);
const GADGETS = lines(`
  laptop
  phone
  headphones
  tablet
  smartwatch
  electric bike
  espresso machine
  air fryer
  drone
  camera
  mechanical keyboard
  robot vacuum
  e-reader
  projector
  hiking boots
  standing desk
  sewing machine
  car seat
  sleeping bag
  running shoes
`);
const SUBJECTS = lines(`
  black holes
  photosynthesis
  the roman empire
  quantum computing
  climate change
  jazz
  chess openings
  world war two
  volcanoes
  machine learning
  the stock market
  solar panels
  beekeeping
  meditation
  origami
  the french revolution
  coral reefs
  electric cars
  knitting
  impressionism
  dinosaurs
  tax deductions
  greek mythology
  vitamin d
  the silk road
  sign language
  penguins
  minimalism
  blockchain
  northern lights
`);
const CHORES = lines(`
  tie a tie
  fix a leaking tap
  grow tomatoes
  change a tire
  learn spanish
  remove a coffee stain
  train a puppy
  write a resume
  play the ukulele
  unclog a drain
  sharpen knives
  make candles
  lose weight
  fold a fitted sheet
  whistle loudly
  descale a kettle
  repot an orchid
  solve a rubik's cube
  file taxes
  bake without eggs
  build a bookshelf
  jump start a car
  sleep better
  clean suede shoes
`);

const PEOPLE_KNOWN = lines(`
  marie curie
  nelson mandela
  frida kahlo
  albert einstein
  ada lovelace
  bob marley
  cleopatra
  leonardo da vinci
  miriam makeba
  bruce lee
  jane austen
  mozart
`);

const parts: Record<string, Slot> = {
  food: copied(FOODS),
  gadget: copied(GADGETS),
  topic: copied(SUBJECTS),
  chore: copied(CHORES),
  known: named(PEOPLE_KNOWN),
  city,
  first: firstName,
};

/** A web search query. */
export const searchQuery: Slot = composed(
  lines(`
    (best|easy|vegan|authentic|quick) {food} recipe
    {food} recipe
    how to make {food}
    how to {chore}
    how to {chore}
    {topic}
    {topic}
    history of {topic}
    {topic} for beginners
    facts about {topic}
    best {gadget} (2025|2026|under 200|for students|reviews)
    cheap {gadget}
    {gadget} (reviews|prices|deals|comparison|manual)
    (weather|weather forecast) in {city}
    cheap flights to {city}
    {city} (weather|news|population|events|football results|train timetable)
    things to do in {city}
    who was {known}
    {known} (biography|quotes|movies)
    {known}
    meaning of the name {first}
    calories in {food}
    is {food} healthy
    difference between {food} and {food}
    latest news about {topic}
    exchange rate (euro|dollar|yen|pound) to (rupee|peso|franc|krona)
    documentaries about {topic}
    symptoms of (flu|migraine|hay fever|anemia|food poisoning)
    lyrics of (imagine|let it be|despacito|la vie en rose|hallelujah|waka waka)
    {gadget} vs {gadget}
  `),
  parts,
  { open: true },
);
