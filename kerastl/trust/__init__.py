"""How far to trust a score: what is fitted on validation pictures, kept in the model's file, and applied to answers.

`temperature` makes scores mean what they say, `conformal` gives sets of classes that hold the right one as often as
asked for, `novelty` says how unlike the training pictures a picture is, and `stored` keeps what they need.
"""
