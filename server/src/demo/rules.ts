const shoutedPhrases = [
  "click here",
  "free",
  "guarantee",
  "unsubscribe",
  "opt-in",
  "opt-out",
  "remove",
  "viagra",
  "mortgage",
  "credit",
  "insurance",
  "earn",
  "income",
  "limited time",
  "act now",
  "no obligation",
  "risk free",
  "weight loss",
  "make money",
  "dear friend",
  "100%",
  "special offer",
  "order now",
  "cash",
];
const moneyPattern = /\$\s?\d|\b\d+\s?dollars\b/;
const replyPattern = /^(re|fwd?):|^\[[^\]]+\]/i;

interface Message {
  readonly subject: string;
  readonly body: string;
}

/** Hand-written rules: phrases of advertising, money and shouting count for spam, replies and list tags against it. */
export function readsLikeSpam(message: Message): { label: "ham" | "spam"; confidence: number } {
  const text = `${message.subject} ${message.body}`.slice(0, 8000).toLowerCase();
  let score = shoutedPhrases.filter((phrase) => text.includes(phrase)).length;
  if (moneyPattern.test(text)) score += 1;
  if (message.subject.length > 8 && message.subject === message.subject.toUpperCase()) score += 2;
  if (/!{2,}|\$\$/.test(message.subject)) score += 1;
  if (replyPattern.test(message.subject)) score -= 4;
  if (/^> /m.test(message.body)) score -= 2;
  const spam = score >= 3;
  return { label: spam ? "spam" : "ham", confidence: Math.min(0.95, 0.55 + 0.08 * Math.abs(score - 2.5)) };
}
