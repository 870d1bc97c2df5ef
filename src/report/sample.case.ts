// A realistic run for tests of the report: made-up numbers with the shape that a real run has.
import type { ReportData, SearchEntry } from "./data.ts";

const steps = 1800;

/** Report data of a plausible run of `handheld create`. Deterministic. */
export function sampleReport(): ReportData {
  return {
    name: "calls",
    date: "2026-03-14T09:26:53.589Z",
    headline: {
      accuracy: 0.934,
      softAccuracy: 0.968,
      floatAccuracy: 0.937,
      floatSoftAccuracy: 0.97,
      testSamples: 1000,
      parameters: 1_912_320,
      int4Bytes: 1_098_240,
      floatBytes: 7_655_424,
      decodeTokensPerSecond: 3840,
      prefillTokensPerSecond: 21_300,
      seconds: 498,
    },
    data: { source: "generated for 24 Android functions", functions: 24, train: 8000, validation: 1000, test: 1000 },
    training: curve(),
    search: {
      space: "layers 2/4/6/8, width 128/160/192/256, ffnRatio 2/3; 1.00–3.00 M parameters",
      size: 58,
      rule:
        "Of the architectures whose predicted loss is within 3 % of the best, take the one that answers a request of 32 " +
        "prompt and 24 answer tokens soonest.",
      rows: searchRows(),
    },
    examples: exampleQueries(),
    functions: functionScores(),
    config: {
      seed: 1,
      threads: 2,
      version: "0.1.0",
      spec: { layers: 6, width: 160, ffnWidth: 480, heads: 5, activation: "relu" },
      recipe: { learningRate: 0.003, schedule: "cosine", length: { epochs: 12 }, batchTokens: 4096 },
    },
    device: {
      platform: "linux",
      arch: "x64",
      cpuModel: "AMD EPYC 9B14",
      cores: 2,
      memoryBytes: 16.8e9,
      runtime: { name: "node", version: "24.11.0" },
      simd: "relaxed",
      threads: 2,
      speeds: [
        { threads: 1, readGBps: 18.2, matvecGBps: 17.1, matvecGmacps: 30.4, matmulGmacps: 55.8 },
        { threads: 2, readGBps: 35.9, matvecGBps: 33.5, matvecGmacps: 59.6, matmulGmacps: 109 },
      ],
    },
  };
}

function curve(): ReportData["training"] {
  const loss = Array.from({ length: steps }, (_, i) => {
    const ripple = 1 + 0.12 * Math.sin(i * 12.9898) * Math.sin(i * 4.1414);
    return { step: i + 1, loss: (4.2 * Math.exp(-i / 160) + 0.9 * Math.exp(-i / 700) + 0.035) * ripple };
  });
  const validations = [1, 2, 3, 4, 5, 6, 7, 8].map((k) => {
    const share = k / 8;
    return {
      step: Math.round(steps * share),
      loss: 1.4 * Math.exp(-3.2 * share) + 0.06,
      accuracy: 0.94 / (1 + Math.exp(-9 * (share - 0.4))),
      softAccuracy: 0.97 / (1 + Math.exp(-8 * (share - 0.25))),
    };
  });
  return { loss, validations, seconds: 412, tokensPerSecond: 15_400, gflops: 48.3 };
}

function searchRows(): SearchEntry[] {
  const shapes = [
    [2, 192, 576, 1.02],
    [2, 256, 768, 1.95],
    [4, 128, 384, 1.05],
    [4, 160, 480, 1.45],
    [6, 160, 480, 1.91],
    [4, 192, 576, 2.18],
    [8, 160, 480, 2.42],
    [6, 192, 576, 2.86],
    [10, 160, 480, 2.94],
  ] as const;
  const rows = shapes.map(([layers, width, ffnWidth, millions]) => {
    const decode = 9800 / (0.4 + layers * 0.11 + millions * 0.42);
    const relativeLoss = (2.94 / millions) ** 0.076 * (1 + 0.004 * Math.max(0, Math.log(width / layers / 60)) ** 2);
    return {
      layers,
      layerRepeat: 1,
      width,
      ffnWidth,
      heads: width / 32,
      kvHeads: width / 32,
      activation: "relu",
      parameters: Math.round(millions * 1e6),
      relativeLoss,
      decodeTokensPerSecond: decode,
      prefillTokensPerSecond: decode * 5.6,
      requestSeconds: 32 / (decode * 5.6) + 24 / decode,
      chosen: false,
    };
  });
  rows.sort((a, b) => a.requestSeconds - b.requestSeconds);
  const chosen = rows.findIndex((row) => row.relativeLoss <= 1.03);
  return rows.map((row, i) => ({ ...row, chosen: i === chosen }));
}

function exampleQueries(): ReportData["examples"] {
  const adb = (rest: string) => ({ command: `adb shell am start ${rest}` });
  return [
    {
      query: "wake me up at 8",
      calls: "set_alarm(hour=8, minute=0)",
      expected: "set_alarm(hour=8, minute=0)",
      correct: true,
      commands: [
        adb(
          "-a android.intent.action.SET_ALARM --ei android.intent.extra.alarm.HOUR 8 --ei android.intent.extra.alarm.MINUTES 0",
        ),
      ],
    },
    {
      query:
        "could you please text Grandma Rosalind that we'll be there by a quarter past six and then start a timer for 25 minutes",
      calls: 'send_message(phone=result1, message="we\'ll be there by a quarter past six")\nset_timer(minutes=25)',
      expected:
        'get_contact(name="Grandma Rosalind")\nsend_message(phone=result1, message="we\'ll be there by a quarter past six")\nset_timer(minutes=25)',
      correct: false,
      commands: [
        { command: null, reason: "send_message: the number is the result of another call; am start returns none" },
        adb("-a android.intent.action.SET_TIMER --ei android.intent.extra.alarm.LENGTH 1500"),
      ],
    },
    {
      query: "how do I get to Alexanderplatz from here?",
      calls: 'show_route(destination="Alexanderplatz")',
      expected: null,
      correct: null,
      commands: [adb("-a android.intent.action.VIEW -d 'google.navigation:q=Alexanderplatz'")],
    },
    {
      query: "turn the wifi settings up",
      calls: 'open_settings(page="wifi")',
      expected: 'open_settings(page="wifi")',
      correct: true,
      commands: [adb("-a android.settings.WIFI_SETTINGS")],
    },
  ];
}

function functionScores(): ReportData["functions"] {
  const names = [
    "set_alarm",
    "set_timer",
    "show_alarms",
    "dial",
    "send_message",
    "compose_email",
    "get_contact",
    "insert_contact",
    "edit_contact",
    "take_photo",
    "record_video",
    "pick_document",
    "open_settings",
    "web_search",
    "open_url",
    "search_location",
    "insert_calendar_event",
    "get_ringtone",
  ];
  return names.map((name, i) => ({
    name,
    samples: 38 + ((i * 17) % 29),
    accuracy: 1 - ((i * 7) % 11) * 0.017,
    confusedWith: (i * 7) % 11 > 5 ? [{ name: names[(i + 5) % names.length]!, count: 1 + (i % 4) }] : [],
  }));
}
