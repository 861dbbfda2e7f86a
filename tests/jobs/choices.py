"""A row of numbers that says what is made: each takes one of the ways that there are at its place.

0 is the plainest. So what is made is made again by its numbers, and made smaller by fewer and smaller ones.
"""

from collections import Counter


class Choices:
    """Numbers that say what is generated: by chance, or given, and 0 behind the last."""

    def __init__(self, chance=None, given=()):
        self.chance, self.given, self.taken = chance, given, []
        # How often each form was made.
        self.forms = Counter()

    def below(self, bound):
        """A number below a bound."""
        place = len(self.taken)
        told = self.given[place] % bound if place < len(self.given) else 0
        self.taken.append(self.chance.randrange(bound) if self.chance else told)
        return self.taken[-1]

    def one(self, ways):
        """One of a list."""
        return ways[self.below(len(ways))]

    def some(self, ways, least):
        """Some of a list, in its order; the first of them if there are too few."""
        found = [way for way in ways if self.below(2)]
        return found if len(found) >= least else ways[:least]

    def seldom(self, bound):
        """Once in so many times."""
        return self.below(bound) == bound - 1


def smaller(taken, made, differs):
    """The fewest and smallest numbers that could be found of which `differs` says that what is made of them still does."""
    best, seen = list(taken), set()

    def tried(numbers):
        nonlocal best
        choices = Choices(given=numbers)
        query = made(choices)
        found = choices.taken
        while found and not found[-1]:
            found.pop()
        is_new = (len(found), found) < (len(best), best) and query not in seen
        seen.add(query)
        if is_new and differs(query):
            best = found
            return True
        return False

    before = None
    while best != before:
        before, size = best, len(best)
        while size:
            at = 0
            while at < len(best):
                rest = best[at + size :]
                lower = sorted({0, 1, best[at] // 2}) if size == 1 else [0]
                ways = [best[:at] + rest, *(best[:at] + [number] * size + rest for number in lower)]
                at += 0 if any(map(tried, ways)) else size
            size //= 2
    return best
