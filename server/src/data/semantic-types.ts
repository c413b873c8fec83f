import type { SemanticType } from "@millrace/contract";

const countries = new Set(
  `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO
   CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT
   HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP
   MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH
   SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(
    /\s+/,
  ),
);
const currencies = new Set(Intl.supportedValuesOf("currency"));

/** By form alone; nobody asks whether the address exists. */
const forms: Record<SemanticType, (text: string) => boolean> = {
  email: (text) => text.length <= 254 && /^[^\s@"(),:;<>[\]\\]{1,64}@[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.[a-z]{2,63}$/i.test(text),
  url: (text) => /^https?:\/\//i.test(text) && URL.canParse(text),
  // ITU-T E.164 has at most 15 digits; a plus or marks between the digits tell it from a plain number.
  phone: (text) => /^(?=.*[+\s().-])\+?[\d\s().-]+$/.test(text) && /^\d{7,15}$/.test(text.replace(/\D/g, "")) && !/^\d+\.\d+$/.test(text),
  uuid: (text) => /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text),
  ip: (text) =>
    /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text) ||
    (/^[0-9a-f:]{2,39}$/i.test(text) && URL.canParse(`http://[${text}]`)),
  country: (text) => countries.has(text),
  currency: (text) => currencies.has(text),
  iban: isIban,
};

/** ISO 13616: 97 divides what is left but one, letters as 10 to 35, the first four characters last. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(" ", "");
  if (!/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/.test(compact)) return false;
  let rest = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(character, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

export function isSemantic(type: SemanticType, text: string): boolean {
  return forms[type](text);
}

const share = 0.95;
const mostLookedAt = 1000;
/** Fewer different values say too little; of codes there are few anyway. */
const fewest: Partial<Record<SemanticType, number>> = { country: 2, currency: 2 };
const fewestOthers = 20;

/** The first form that at least 95% of the different values have, or none. Looks at the first thousand. */
export function inferSemantic(values: Iterable<string>): SemanticType | undefined {
  const sample: string[] = [];
  for (const value of values) {
    sample.push(value);
    if (sample.length >= mostLookedAt) break;
  }
  return (Object.keys(forms) as SemanticType[]).find(
    (type) =>
      sample.length >= (fewest[type] ?? fewestOthers) && sample.filter((text) => isSemantic(type, text)).length >= sample.length * share,
  );
}
