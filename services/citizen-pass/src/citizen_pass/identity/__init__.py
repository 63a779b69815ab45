"""统一身份 Identity: one account and one login for every service of the city.

An OpenID Connect provider with the pages for signing in and consenting, accounts with assurance levels up to the
real name verified against the population registry, passkeys, staff appointments taken over from gov-collab, and the
client programs that may ask for a person's consent. It fulfils the programme's single login behind 城市通, on which
the citizens' services and the staff of all departments rely.
"""
