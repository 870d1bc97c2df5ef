// Places: kinds of places, landmarks, cities, addresses. Copied from the query.

import { composed, copied, lines, named, type Slot, words } from "./slot.ts";

const CITIES = lines(`
  Paris
  London
  Berlin
  Tokyo
  Nairobi
  Lagos
  Sao Paulo
  Mexico City
  Toronto
  Chicago
  Mumbai
  Delhi
  Beijing
  Shanghai
  Sydney
  Cape Town
  Lisbon
  Madrid
  Rome
  Vienna
  Oslo
  Stockholm
  Helsinki
  Warsaw
  Prague
  Athens
  Istanbul
  Cairo
  Accra
  Bogota
  Lima
  Buenos Aires
  San Francisco
  Seattle
  New York
  Boston
  Dublin
  Edinburgh
  Amsterdam
  Brussels
  Zurich
  Kyoto
  Seoul
  Bangkok
  Hanoi
  Jakarta
  Manila
  Auckland
  Montreal
  Denver
`);

const KINDS = lines(`
  gas station
  pharmacy
  coffee shop
  supermarket
  bakery
  train station
  bus stop
  parking garage
  hospital
  bookstore
  post office
  library
  pizza place
  sushi restaurant
  vegan cafe
  hardware store
  hotel
  hostel
  bank
  ATM
  swimming pool
  gym
  cinema
  museum
  playground
  police station
  car wash
  charging station
  laundromat
  dog park
  ice cream parlor
  dentist office
  bike shop
  flower shop
  noodle bar
  barber shop
  climbing gym
  campsite
  beach
  farmers market
`);

const LANDMARKS = lines(`
  the Eiffel Tower
  Central Park
  Times Square
  the British Museum
  Golden Gate Bridge
  Sagrada Familia
  the Colosseum
  Tower Bridge
  Brandenburg Gate
  Shinjuku Station
  Heathrow Airport
  the Louvre
  Table Mountain
  Niagara Falls
  Sydney Opera House
  Union Square
  the Grand Bazaar
  Gare du Nord
  Victoria Station
  Yosemite Valley
  Hyde Park
  Mount Fuji
  the Acropolis
  the Empire State Building
  Charles Bridge
  Machu Picchu
  Pier 39
  Terminal 2
  Wembley Stadium
  Lake Como
`);

const STREETS = words(`
  Baker Maple Oak Church High King Queen Station Mill Park Elm Victoria Washington Lincoln Cedar Lake Hill River
  Market Broad Garden Spring Forest Sunset Chestnut Willow Harbor Mission Castle Bridge
`);

const number: Slot = ({ random }) => {
  const text = String(random.integer(1, 480));
  return { text, copy: text };
};
const parts = {
  n: number,
  street: named(STREETS),
  city: named(CITIES),
  kind: copied(KINDS),
  landmark: named(LANDMARKS),
};

/** A city. */
export const city: Slot = named(CITIES);

/** A postal address: "12 Baker Street, Paris". */
export const address: Slot = composed(
  [
    "{n} {street} (Street|Road|Avenue|Lane)",
    "{n} {street} (Street,|Road,|Avenue,|Drive,) {city}",
    "{n} {street} (Street|Road|Avenue|Way) {city}",
    "{n} {street} (Boulevard|Court|Square)",
  ],
  parts,
);

/** A kind of place: "pharmacy", "sushi restaurant". */
export const placeKind: Slot = copied(KINDS);

/** A kind of place with the area to look in: "pharmacy near the Louvre". */
export const placeNear: Slot = composed(
  [
    "{kind} near {landmark}",
    "{kind} near the (central station|city center|town hall|river|university|main square|port|old town)",
    "{kind} in {city}",
    "{kind} on {street} (Street|Road|Avenue)",
    "(cheap|quiet|24 hour|good|kosher|halal|vegetarian) {kind} in {city}",
    "{kind} close to {landmark}",
  ],
  parts,
);

/** A place that has a name or an address. */
export const namedPlace: Slot = composed(
  [
    "{landmark}",
    "{landmark}",
    "{landmark}",
    "{n} {street} (Street|Road|Avenue)",
    "{n} {street} (Street,|Road,|Avenue,) {city}",
    "{city}",
    "{street} Street (Station|Market|School|Church)",
    "{city} (airport|zoo|city hall|university|stadium|botanical garden)",
  ],
  parts,
);

/** Where a meeting happens. */
export const venue: Slot = composed(
  [
    "(room|Room) {n}",
    "the (main|small|large|blue|green) (conference|meeting) room",
    "{street} (Cafe|Hall|Hotel|Library|Clinic)",
    "the (office|library|gym|park|town hall|community center|rooftop|canteen|lobby|beach house)",
    "{landmark}",
    "{n} {street} (Street|Road|Avenue)",
    "{city}",
    "{street} Park",
  ],
  parts,
);
