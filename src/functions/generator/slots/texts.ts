// Free texts that people dictate: messages, tasks, titles, subjects, labels. Copied from the query. Written as
// templates over small pools, so that most texts of a data set are unique.

import { firstName } from "./people.ts";
import { city, placeKind, venue } from "./places.ts";
import { composed, copied, lines, type Slot, words } from "./slot.ts";
import { EVENTS, OF_EVENTS, OF_THINGS, THINGS, TOPICS } from "./text-pools.ts";
import { clockTime } from "./times.ts";

const count: Slot = ({ random }) => {
  const text = random.chance(0.6)
    ? String(random.integer(2, 60))
    : random.pick(words("two three four five ten fifteen twenty"));
  return { text, copy: text };
};

/** A time inside a text, where it is not a value. */
const plainTime: Slot = ({ random }) => {
  const text = clockTime(random).text;
  return { text, copy: text };
};

const parts: Record<string, Slot> = {
  thing: copied(THINGS),
  event: copied(EVENTS),
  topic: copied(TOPICS),
  adj: copied(OF_THINGS),
  which: copied(OF_EVENTS),
  n: count,
  first: firstName,
  at: plainTime,
  city,
  venue,
  kind: placeKind,
};

/** The text of a message. */
export const message: Slot = composed(
  lines(`
    (I'll|I will) be {n} minutes late
    (I'll|I will) be (late|there at {at}|home at {at}|back soon)
    the {event} starts at {at}
    pick me up at {at}
    (will|can) you be at the {event}
    I miss the {thing} from {city}
    I'm on my way
    I am (running late|almost there|stuck in traffic|at the {kind})
    see you (soon|later|there|tonight|at the {event})
    happy (birthday|anniversary|new year) {first}
    don't forget the {thing}
    can you (bring|buy|grab|find) the {thing}
    did you (see|get|pack|find|return) the {thing}
    the {event} is (cancelled|over|at {at}|moved to {at})
    the {event} was (great|boring|too long|postponed)
    where are you
    what time is the {event}
    are you (coming|free|ready) for the {event}
    congratulations on the new job
    good luck with the {event}
    thanks for the {thing}
    thank you so much for (dinner|your help|the {thing}|everything)
    we need more {thing}
    let's meet at the {kind}
    let's have (lunch|coffee|a drink) at {at}
    I (love|miss) you
    I'm sorry (about|for) the {event}
    the {thing} is (ready|broken|in the car|gone)
    my flight to {city} is delayed
    I landed in {city}
    we are (leaving|home|waiting outside)
    please pick up the {thing}
    how was the {event}
    how are you (doing|feeling|today)
    is the {event} still on
    I (found|lost|sold|left) the {thing}
    {first} says (hi|hello|yes|no)
    dinner is ready
    ok sounds good
    no problem at all
    the {adj} {thing} arrived (today|yesterday|this morning)
    I can't make it to the {event}
    do we have any {thing} left
    you were right about the {adj} {thing}
    the {topic} looks (good|great|wrong|fine to me)
    I finished the {topic}
    we won the {event}
    the code is {n}
    the wifi password is {thing}{n}
    table for {n} at the {kind}
    what's the address of the {kind}
    traffic in {city} is (terrible|awful|fine)
    I left {n} euros on the table
    keep the {thing} for {first}
    wait for me at the {kind}
  `),
  parts,
  { open: true },
);

/** Something to do, without "to": "water the plants". */
export const task: Slot = composed(
  lines(`
    (water|check) the plants
    feed the (cat|dog|fish|chickens)
    walk the dog
    take (my|the) (medicine|pills|vitamins|bins out)
    pay the (rent|bills|invoice|{which} invoice)
    buy (milk|bread|{thing}|more {thing})
    pick up (the {thing}|{first}|the kids)
    call (the bank|the {kind}|back the plumber)
    go (running|swimming|jogging|shopping)
    get ready for the {event}
    leave for the {event}
    clean the (kitchen|{thing}|{adj} {thing})
    charge the {thing}
    pack the {thing}
    finish the {topic}
    send the {topic}
    review the {which} {topic}
    book (tickets|a table|a room in {city})
    return the {thing}
    stretch my legs
    drink (water|tea|a glass of water)
    turn off the (oven|heater|sprinkler)
    fix the {thing}
    visit {first}
    catch the (bus|train|ferry|{which} train)
    meet {first}
    defrost the chicken
    renew the {thing}
    study for the {event}
    practice the {thing}
  `),
  parts,
  { open: true },
);

/** A short label of an alarm or timer: "yoga class". */
export const label: Slot = composed(
  lines(`
    {event}
    {which} {event}
    {thing}
    (pasta|pizza|rice|eggs|tea|coffee|cookies|bread|soup|roast|noodles|lasagna)
    {first}'s {event}
    {first}'s {event}
    (morning|evening|afternoon) (run|walk|swim|prayer|shift|pills|coffee)
    (gym|school|work|church|nap|break|homework|meditation|standup|laundry|study)
    {event} with {first}
    {topic}
    {which} {topic}
    (school|airport|office) (run|bus|shuttle)
  `),
  parts,
);

/** The title of a calendar entry. */
export const eventTitle: Slot = composed(
  lines(`
    {event}
    {event} with {first}
    {event} with {first}
    {which} {event}
    {first}'s (birthday|wedding|graduation|{event})
    {topic} (review|meeting|workshop|call)
    (lunch|dinner|coffee|breakfast|drinks) with {first}
    (dentist|doctor|vet|optician) appointment
    (trip|flight|train) to {city}
    {topic}
    {city} (marathon|conference|weekend)
    {event} with {first} and {first}
    (piano|guitar|tennis|swimming|driving) (lesson|practice)
    haircut
    (car|boiler|bike) (service|inspection)
  `),
  parts,
);

/** The subject of a mail or message. */
export const subject: Slot = composed(
  lines(`
    {topic}
    {which} {topic}
    {topic} {n}
    {event} (notes|plan|invitation)
    {event} in {city}
    {city} (trip|office|visit)
    {first}'s {event}
    {first}'s {topic}
    (question|feedback|news|update) about the {event}
    {thing} and {thing}
    {adj} {thing}
    (hello|thank you|welcome|reminder|sick leave|good news)
    {event} at the {kind}
    {topic} from {first}
  `),
  parts,
);

/** Notes of a calendar entry. */
export const notes: Slot = composed(
  lines(`
    bring the {thing}
    bring the {thing} and the {thing}
    discuss the {topic}
    ask {first} about the {topic}
    {first} has the {thing}
    wear something {adj}
    don't forget the {thing}
    remember to pack the {thing}
    parking behind the {kind}
    talk about the {which} {topic}
    {n} people
    prepare the {topic}
  `),
  parts,
  { open: true },
);

/** The name of a file without its extension: "shopping list", "budget_2027". */
export const fileStem: Slot = composed(
  lines(`
    {topic}
    {which} {topic}
    {event} notes
    (shopping|packing|todo|guest|wish|price) list
    {city} trip
    {first} {topic}
    {topic} {n}
    {thing} {event}
    {city} {event}
    (diary|journal|recipes|ideas|draft|resume|essay|poem)
  `),
  parts,
);
