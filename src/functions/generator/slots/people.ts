// Names, phone numbers, e-mail addresses, companies and contact URIs: all copied from the query.

import { composed, draw, lines, named, type Slot, type SlotContext, words } from "./slot.ts";

const FIRST = words(`
  Alice Bob Carol David Emma Frank Grace Henry Ivy Jack Karen Liam Maria Noah Olivia Peter Quinn Rachel Sam Tina
  Ursula Victor Wendy Xavier Yvonne Zoe Aaliyah Mohammed Fatima Omar Yusuf Leila Amina Hassan Khadija Tariq Noor
  Wei Ming Jing Xiuying Hao Lin Mei Jun Yan Haruto Yui Sakura Kenji Aiko Hiroshi Jiwoo Minjun Seoyeon Hyun
  Priya Arjun Ananya Rahul Deepa Vikram Sunita Ravi Kavya Sanjay Lakshmi Imran Aditi Neha Rohan
  Carlos Lucia Mateo Sofia Diego Valentina Javier Camila Pablo Elena Rosa Miguel Ximena Joaquin Ines Rafael
  Pierre Chloe Luc Amelie Hugo Margaux Thierry Hans Greta Jurgen Anke Klaus Heidi Lukas Sabine
  Giulia Marco Chiara Luca Francesca Giovanni Paolo Bianca Ivan Olga Dmitri Natasha Sergei Anastasia Boris Katya
  Kwame Ama Kofi Chidi Ngozi Adaeze Tunde Zainab Thabo Lerato Wanjiku Otieno Makena Abebe Selam
  Lars Ingrid Sven Astrid Bjorn Freya Mikko Aino Jesper Katarzyna Piotr Agnieszka Zofia Tomas Jana Marek
  Siobhan Declan Niamh Callum Isla Rhys Megan Angus Fiona Ethan Mason Ava Mia Logan Harper Ella Lucas Nathan Ruby
  José Zoë Łukasz Søren Chloé Renée Jürgen Nuño Maëlle Åsa Þóra Çağla Élodie Ömer Inês Małgorzata
  Kai Leilani Malia Tane Aroha Thuy Minh Linh Duc Somchai Ploy Putri Budi Dewi Jomar Marisol Esther Ezra Yael Noam
`);

const LAST = words(`
  Smith Johnson Brown Taylor Wilson Davies Evans Walker Wright Robinson Thompson White Hughes Edwards Green Hall
  Garcia Martinez Lopez Gonzalez Rodriguez Fernandez Torres Ramirez Flores Rivera Castillo Mendoza Vargas Silva
  Santos Oliveira Pereira Costa Almeida Chen Wang Li Zhang Liu Yang Huang Zhao Wu Zhou Tanaka Suzuki Sato
  Watanabe Yamamoto Nakamura Kim Park Choi Jung Kang Patel Sharma Singh Gupta Kumar Reddy Iyer Nair Khan Ahmed
  Hussain Malik Siddiqui Haddad Mansour Khalil Nasser Aziz Rossi Russo Ferrari Bianchi Romano Ricci Dubois Laurent
  Moreau Lefevre Girard Muller Schmidt Weber Fischer Becker Hoffmann Novak Kowalski Nowak Zielinski Horvath Popov
  Petrov Ivanov Volkov Sokolov Okafor Adeyemi Mensah Boateng Nkosi Dlamini Mwangi Kamau Tesfaye Johansson Lindberg
  Müller Núñez Gómez Łuczak Håkansson Çelik Çetin Öztürk Lefèvre O'Connor O'Brien Saint-Pierre
  Nilsson Hansen Larsen Virtanen Korhonen Murphy Kelly Byrne MacDonald Campbell Stewart Nguyen Tran Pham Le Santoso
`);

const RELATIVES = words(
  "mom dad grandma grandpa mum brother sister wife husband son daughter boss landlord dentist doctor",
);
/** Relatives that people also call by the word alone. */
const BARE = new Set(["mom", "dad", "mum", "grandma", "grandpa"]);
const TITLED = words("Dr. Mr. Mrs. Ms. Professor Uncle Aunt Coach Cousin Auntie");
const COMPANIES = lines(`
  Acme
  Globex
  Initech
  Northwind Traders
  Blue Harbor
  Sunrise Bakery
  Kestrel Systems
  Redwood Labs
  City Hospital
  Lakeside School
  Tanaka Motors
  Greenleaf
  Summit Bank
  Orbit Media
  Harbor Freight
  Pixel Forge
  Riverside Clinic
  Maple Street Books
  Volt Energy
  Copper Kettle
  Nordic Air
  Mensah and Sons
  Silverline
  Bright Minds Academy
`);
const MAIL_HOSTS = words(`
  gmail.com outlook.com yahoo.com example.com example.org proton.me icloud.com acme.com company.com school.edu
  northwind.co.uk mail.de post.fr uni.edu team.io studio.net hospital.org fastmail.com web.de startup.dev
`);

/** A person as saved in an address book: "Alice", "Alice Chen", "Dr. Patel"; "my mom" has the value "mom". */
export const name: Slot = (context) => {
  const { random } = context;
  const kind = random.next();
  if (kind < 0.14) {
    const relative = random.pick(RELATIVES);
    return { text: BARE.has(relative) && random.chance(0.5) ? relative : `my ${relative}`, copy: relative };
  }
  const text =
    kind < 0.54
      ? draw(context, FIRST)
      : kind < 0.92
        ? fullName(context)
        : `${random.pick(TITLED)} ${draw(context, random.chance(0.5) ? LAST : FIRST)}`;
  return { text, copy: text };
};

function fullName(context: SlotContext): string {
  return `${draw(context, FIRST)} ${draw(context, LAST)}`;
}

/** The name of a new contact: never a relative. */
export const newName: Slot = (context) => {
  const text = context.random.chance(0.35) ? draw(context, FIRST) : fullName(context);
  return { text, copy: text };
};

/** First names alone, for use inside longer texts. */
export const firstName: Slot = named(FIRST);

const PHONE_FORMATS = words(`
  ##########  ###-###-####  (###)_###-####  ###_###_####  ###.###.####  +1-###-###-####  +1_###_###_####
  +44_7###_######  +49_15#_#######  +33_6_##_##_##_##  +91_#####_#####  +86_1##_####_####  0###_######  07###_######
  ###_####  ###-####  #######  ###  +81_90_####_####  +234_80#_###_####  +55_11_9####-####  ####_####  00353_86_###_####  1-800-###-####
`);

/** A phone number in one of many national formats, copied as written. */
export const phone: Slot = ({ random }) => {
  const text = random
    .pick(PHONE_FORMATS)
    .replaceAll("_", " ")
    .replace(/#/g, (_, at: number) => String(random.integer(at === 0 ? 2 : 0, 9)));
  return { text, copy: text };
};

/** A name as mailboxes spell it: lower case, no accents, letters only. */
const ascii = (word: string): string =>
  word
    .toLowerCase()
    .replaceAll("ł", "l")
    .replaceAll("ø", "o")
    .normalize("NFD")
    .replace(/[^a-z]/g, "");

/** An e-mail address. */
export const email: Slot = (context) => {
  const { random } = context;
  const first = ascii(draw(context, FIRST));
  const last = ascii(draw(context, LAST));
  const local = random.pick([
    () => first,
    () => `${first}.${last}`,
    () => `${first}_${last}`,
    () => `${first.slice(0, 1)}${last}`,
    () => `${first}${random.integer(1, 99)}`,
    () => `${last}.${first}`,
    () => random.pick(words("info support sales hr office team billing contact press bookings")),
  ])();
  const text = `${local}@${random.pick(MAIL_HOSTS)}`;
  return { text, copy: text };
};

/** An employer. */
export const company: Slot = composed(
  ["{plain}", "{plain}", "{last} (Consulting|Logistics|Bakery|Partners|Design|Foods|Law|Dental)", "{last} & {last}"],
  { plain: named(COMPANIES), last: named(LAST) },
);

/** A content URI of a contact. */
export const contactUri: Slot = ({ random }) => {
  const text = `content://com.android.contacts/${random.pick(["contacts", "data", "raw_contacts"])}/${random.integer(1, 999)}`;
  return { text, copy: text };
};

/** A content URI of a file. */
export const fileUri: Slot = ({ random }) => {
  const text = `content://media/external/${random.pick(["images/media", "file", "video/media", "audio/media"])}/${random.integer(1, 9999)}`;
  return { text, copy: text };
};
