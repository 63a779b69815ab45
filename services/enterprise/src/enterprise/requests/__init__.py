"""企业诉求 Requests: what a firm asks of the city, with working-time limits for every step of the answer.

Fulfils, of the programme's enterprise platform, that government and firms work together: a request is accepted,
assigned to the department that is responsible, answered within the limits of its kind, and carried upward by itself
where nobody answers (接诉即办, 一跟到底). Founders whose firm has no code yet may ask as well.
"""
