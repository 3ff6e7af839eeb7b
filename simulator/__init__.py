"""A stand-in for Amazon on this machine: Login with Amazon, the Notifications API and its publisher.

It knows nothing of the product that talks to it, so that a misunderstanding of Amazon's interface cannot hide
by being made on both sides. State lives in memory and ends with the process.

Modules, from the outside in: `cli` and `server` (process), `app` (wiring), `control` and `behind_the_back`
(the control API), `frontdoor` (faults and the journal of requests), `lwa` and `gateway` (Amazon's two front
ends), `notifications` and `sandbox` (the ten operations), `publisher` and `deliveries` (what Amazon sends),
`queues` and `event_sources` (where to), `rules`, `catalogue`, `regions`, `operations`, `throttle`, `faults`,
`errors` (facts and decisions without I/O), `world`, `mint` (state, identifiers).
"""
