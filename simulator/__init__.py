"""A stand-in for Amazon on this machine: Login with Amazon, the publisher, and five APIs.

They are Notifications, Feeds, Orders, Messaging and Uploads.

It knows nothing of the product that talks to it, so that a misunderstanding of Amazon's interface cannot hide
by being made on both sides. State lives in memory and ends with the process.

Modules, from the outside in: `cli` and `server` (process), `app` (wiring), `control`, `behind_the_back` and
`feed_control` (the control API), `frontdoor` (faults and the journal of requests), `lwa` and `gateway`
(Amazon's two front ends), `notifications` and `sandbox` (the ten operations), `publisher` and `deliveries`
(what Amazon sends), `queues` and `event_sources` (where to), `rules`, `catalogue`, `regions`, `operations`,
`throttle`, `faults`, `errors` (facts and decisions without I/O), `world`, `mint` (state, identifiers).

Of feeds: `feeds` and `feed_sandbox` (the six operations, in two versions), `storage` and `presigned`
(documents behind presigned URLs), `feed_life` (from the queue to the notification), `feed_processing` with
`report_json`, `report_xml` and `report_flat_file` (reading feeds, writing reports), `feed_book` and `blob`
(state), `feed_rules`, `feed_types`, `fates`, `document_content` and `reporting` (facts and decisions without
I/O).

Of orders and messages: `orders` and `orders_v0` with `shipments` and `verification` (the Orders API in two
versions), `messaging`, `uploads`, `attachment_storage` and `policy_form` (messages and what is attached to
them), `static_sandbox` (its cases are those of Amazon's models), `order_control` and `order_fields` (the
control API), `order_book`, `upload_book` and `outbox` (state), `order_rules`, `message_rules`,
`message_types`, `message_actions`, `marketplaces`, `query` and `times` (facts and decisions without I/O).
"""
