"""Social credit 社会信用: what is on record about firms, for how long, and how it ends everywhere at once.

Penalties are graded by severity and published for the periods of 国办发〔2025〕22号. A firm applies for repair at one
window with deadlines, and a repaired record is called back from everyone who received it. Ratings are computed by a
documented method from named facts, so that anybody can compute them again. Firms only: there are no personal scores.
Fulfils the programme's credit database 社会信用库 and credit services.
"""
