//! What the AI agent knows about.

/// A topic: how it is recognised, the answer, a question, and what follows the reply to it.
pub struct Topic {
    /// `issue_category` in the trigger.
    pub category: &'static str,
    pub name: &'static str,
    pub keywords: &'static [&'static str],
    pub answer: &'static str,
    pub question: &'static str,
    pub after_yes: &'static str,
    pub after_no: &'static str,
    pub after_number: &'static str,
}

/// Asked for from top to bottom: the first that fits wins.
pub const TOPICS: &[Topic] = &[
    Topic {
        category: "return",
        name: "a return",
        keywords: &["return", "returns", "send back", "exchange", "broken", "damaged", "faulty", "wrong item", "retour"],
        answer: "You can return anything within 30 days. It's free, and your money is back 3 to 5 days after the \
                 parcel reaches us.",
        question: "Is the item unused and in its box?",
        after_yes: "Perfect. I've sent a return label to your email address: put it on the box and drop it at any \
                    parcel shop. Is there anything else?",
        after_no: "That's all right, but a used or damaged item needs a person's look. Just say \"talk to a person\" \
                   and I'll connect you.",
        after_number: "Thank you, I've found that order. A return label is on its way to your email address. Is there \
                       anything else?",
    },
    Topic {
        category: "billing",
        name: "a bill",
        keywords: &[
            "bill", "billing", "charged", "charge", "invoice", "payment", "paid", "refund", "card", "money", "price", "facture",
            "rechnung", "factura",
        ],
        answer: "I'm sorry about the trouble with your bill. A second charge is often only a reservation: banks drop it \
                 within 3 days.",
        question: "Has it been there for more than 3 days?",
        after_yes: "Then it is a real charge, and I can't move money myself. Say \"talk to a person\" and somebody from \
                    billing will sort it out.",
        after_no: "Then it should vanish by itself. If it's still there in 3 days, write again. Is there anything else?",
        after_number: "Thank you. I see that payment, and a second one that is only reserved. It should vanish within \
                       3 days. Is there anything else?",
    },
    Topic {
        category: "password",
        name: "your account",
        keywords: &["password", "log in", "login", "sign in", "locked", "account", "mot de passe", "passwort"],
        answer: "No problem. Open \"Sign in\", choose \"Forgot password\" and follow the link in the email. It works for \
                 one hour.",
        question: "Did the email arrive?",
        after_yes: "Great. Choose a new password of at least 12 characters and you're in. Is there anything else?",
        after_no: "Please look in the spam folder. If it isn't there either, your account may have another address: say \
                   \"talk to a person\" and somebody will check.",
        after_number: "For your safety, please don't send codes or passwords here. Did the email arrive?",
    },
    Topic {
        category: "delivery",
        name: "a delivery",
        keywords: &[
            "delivery",
            "deliver",
            "delivered",
            "parcel",
            "package",
            "order",
            "shipping",
            "shipped",
            "tracking",
            "where is",
            "late",
            "colis",
            "livraison",
            "paket",
            "lieferung",
            "pedido",
        ],
        answer: "Orders leave our workshop within 2 days and then take 2 to 4 more.",
        question: "What's your order number? It looks like LO-48213.",
        after_yes: "Please type the number, and I'll look it up.",
        after_no: "You'll find it in the confirmation email. Without it I can't look, but a person can: say \"talk to a \
                   person\".",
        after_number: "Found it: your parcel is in the delivery centre near you and comes tomorrow between 9 and 12. Is \
                       there anything else?",
    },
    Topic {
        category: "opening_hours",
        name: "our opening hours",
        keywords: &["open", "opening", "opening hours", "hours", "close", "closed", "closing", "when are you", "ouvert", "geöffnet"],
        answer: "Our shop in Dock Street is open Monday to Saturday from 10 to 19, and this chat never sleeps.",
        question: "Would you like directions?",
        after_yes: "Take tram 4 to Dock Street: we're the yellow door opposite the stop. Is there anything else?",
        after_no: "Then see you soon! Is there anything else?",
        after_number: "On public holidays we open from 11 to 16. Is there anything else?",
    },
];
