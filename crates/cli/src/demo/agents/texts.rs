//! What people ask, and what they are answered, in several languages.

/// A question, and a good answer.
pub(super) type Exchange = (&'static str, &'static str);

/// What customers write to support.
pub(super) const SUPPORT: [Exchange; 14] = [
    (
        "Where is my order? It was supposed to arrive yesterday.",
        "Your parcel left our warehouse on Tuesday and is due tomorrow before noon. Sorry for the delay!",
    ),
    (
        "I was charged twice for the same order.",
        "You are right, the second charge was a mistake. I have refunded it; your bank shows it within three days.",
    ),
    (
        "Can I change the delivery address?",
        "Yes, the parcel has not left yet. I have changed the address to the one in your profile.",
    ),
    (
        "The left earbud stopped working after two weeks.",
        "That is covered by your warranty. A replacement is on its way, and the label for the return is in your mail.",
    ),
    (
        "Wo bleibt meine Bestellung? Sie sollte gestern kommen.",
        "Ihr Paket ist unterwegs und kommt morgen bis 12 Uhr an. Bitte entschuldigen Sie die Verzögerung.",
    ),
    (
        "Ich möchte den Vertrag zum Monatsende kündigen.",
        "Ihre Kündigung ist eingetragen. Die Bestätigung haben Sie gerade per E-Mail bekommen.",
    ),
    (
        "Je n'ai pas reçu ma facture du mois dernier.",
        "Je viens de vous la renvoyer à l'adresse de votre compte. Elle est aussi dans votre espace client.",
    ),
    (
        "¿Puedo devolver los zapatos si no me quedan bien?",
        "Claro, tiene 30 días. Le he enviado la etiqueta de devolución por correo.",
    ),
    (
        "Quero trocar o tamanho da camiseta.",
        "Sem problema! Reservei o tamanho M e a etiqueta de troca está no seu e-mail.",
    ),
    (
        "注文をキャンセルしたいのですが、まだ間に合いますか?",
        "はい、まだ発送前でしたのでキャンセルいたしました。返金は3営業日以内に行われます。",
    ),
    (
        "我的退款什么时候到账?",
        "退款已于今天处理,预计三个工作日内退回到您的原支付账户。",
    ),
    (
        "أين طلبي؟ كان من المفترض أن يصل أمس.",
        "طلبك في الطريق وسيصل غدًا قبل الظهر. نعتذر عن التأخير.",
    ),
    (
        "मेरा ऑर्डर अभी तक नहीं आया है।",
        "आपका ऑर्डर रास्ते में है और कल दोपहर तक पहुँच जाएगा। देरी के लिए क्षमा करें।",
    ),
    (
        "Чому мій промокод не працює?",
        "Промокод діє від 500 грн. Я застосував його до вашого кошика вручну.",
    ),
];

/// What developers look up.
pub(super) const DOCS: [Exchange; 10] = [
    (
        "How do I rotate an API key without downtime?",
        "Create a second key, roll it out, then revoke the first one: both are valid in between.",
    ),
    (
        "What is the rate limit of the search endpoint?",
        "50 requests a second per client address; above it the answer is 429 with Retry-After.",
    ),
    (
        "Wie richte ich Single Sign-on mit OIDC ein?",
        "Legen Sie unter Einstellungen → Anmeldung einen Anbieter an und tragen Sie Client-ID und Geheimnis ein.",
    ),
    (
        "Comment exporter les données au format Parquet ?",
        "Utilisez `export --format parquet`; le fichier est écrit dans le dossier courant.",
    ),
    (
        "Can webhooks be signed?",
        "Yes: set a secret, and each request carries an HMAC-SHA256 of its body in X-Signature.",
    ),
    (
        "Which regions are available?",
        "eu-central, eu-west, us-east and ap-northeast; data never leave the region of the project.",
    ),
    (
        "¿Cómo activo los registros de auditoría?",
        "Están activos en todos los planes; se consultan en Administración → Auditoría.",
    ),
    (
        "Webhookの再送間隔を教えてください。",
        "1分、5分、30分、2時間、12時間の順に最大5回再送されます。",
    ),
    (
        "How do I paginate through more than 1,000 rows?",
        "Send back `next_cursor` as `cursor` until it is null.",
    ),
    (
        "Is there a Terraform provider?",
        "Yes, it covers projects, keys and alert rules; see the page Infrastructure as code.",
    ),
];

/// What is to be researched, and the gist of what was found.
pub(super) const RESEARCH: [Exchange; 6] = [
    (
        "Compare heat pumps and district heating for a town of 40,000 people.",
        "District heating wins above about 45 dwellings per hectare; below, heat pumps are cheaper over 20 years.",
    ),
    (
        "Which open licences do the ten largest language models of this year have?",
        "Four are under Apache-2.0 or MIT, three restrict large companies, three publish weights only.",
    ),
    (
        "Fasse den Stand der Forschung zu Natrium-Ionen-Batterien zusammen.",
        "Die Energiedichte erreicht 175 Wh/kg; Kosten und Kälteverhalten sprechen für stationäre Speicher.",
    ),
    (
        "How do cities finance free public transport?",
        "Mostly by a payroll levy or tourist tax; fares covered less than a third of costs beforehand.",
    ),
    (
        "东南亚电商市场今年的主要变化是什么?",
        "直播带货增速放缓,物流整合加快,三家平台占据了八成以上的市场份额。",
    ),
    (
        "What is known about the long-term effects of remote work on patents?",
        "Filed patents fall slightly where teams never meet, and not where they meet once a quarter.",
    ),
];

/// What is to be programmed, and what was done.
pub(super) const CODING: [Exchange; 6] = [
    (
        "Fix the flaky test in checkout/cart_test.py",
        "The test depended on the order of a set; it now sorts. 214 tests pass.",
    ),
    (
        "Add pagination to the customers endpoint",
        "Added cursor pagination with tests and docs; the old parameters still work.",
    ),
    (
        "Upgrade the ORM to its next major version",
        "Upgraded, replaced 31 deprecated calls, and ran all migrations on a copy.",
    ),
    (
        "Make the importer accept semicolons",
        "The delimiter is detected from the first line; files with both are refused with a message.",
    ),
    (
        "Die Ladezeit der Startseite halbieren",
        "Bilder werden jetzt verzögert geladen, das Bundle ist von 410 auf 180 kB geschrumpft.",
    ),
    (
        "Write a migration that splits the name column",
        "Expand, backfill in batches, contract: three migrations, each with its way down.",
    ),
];

/// Who sends invoices.
pub(super) const VENDORS: [&str; 8] = [
    "Müller & Söhne GmbH",
    "Acme Corp.",
    "Boulangerie du Port SARL",
    "株式会社青空商事",
    "Industrias Delgado S.A.",
    "Nordlys AS",
    "Tata Components Ltd.",
    "O'Brien Logistics",
];

/// Files that are worked on.
pub(super) const FILES: [&str; 8] = [
    "src/api/customers.py",
    "src/importer/csv.py",
    "src/checkout/cart.py",
    "tests/checkout/cart_test.py",
    "src/db/models.py",
    "web/src/pages/Home.tsx",
    "migrations/0042_split_name.sql",
    "pyproject.toml",
];
