//! Makes up the world all servers talk about: users, brands, products, stock, reviews.
//!
//! **In:** a seed and sizes.
//! **Out:** [`Data`], which the servers share or, in processes of their own, make again and alike.
//!
//! **Never here:** GraphQL and HTTP (each server dresses these rows itself), changes (a server that
//! takes mutations keeps its own copy), orders (the `orders` server makes them up on demand).
//!
//! **Holds:** same seed and sizes, same data. Ids are a letter and the number of the row from 1 (`u1`,
//! `p1`, `b1`, `w1`, `r1`), so that an id finds its row without a map and never fits another type.
//!
//! **Read first:** [`Data::generate`].

use std::sync::Arc;

use crate::random::Random;

/// How much of everything there is.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) users: usize,
    pub(crate) products: usize,
    pub(crate) reviews_per_product: usize,
}

/// Everything the servers know at the start.
pub(crate) struct Data {
    pub(crate) seed: u64,
    pub(crate) users: Vec<Arc<User>>,
    pub(crate) brands: Vec<Arc<Brand>>,
    pub(crate) products: Vec<Arc<Product>>,
    pub(crate) warehouses: Vec<Arc<Warehouse>>,
    pub(crate) reviews: Vec<Arc<Review>>,
}

pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) username: String,
    pub(crate) birthday: String,
    pub(crate) email: String,
}

pub(crate) struct Brand {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) country: &'static str,
    /// Rows of the brand's products.
    pub(crate) products: Vec<usize>,
}

pub(crate) struct Product {
    pub(crate) upc: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) price: i32,
    pub(crate) weight: i32,
    /// Width, height, depth.
    pub(crate) dimensions: [f64; 3],
    /// Position in [`CATEGORIES`].
    pub(crate) category: usize,
    /// Row of the brand.
    pub(crate) brand: usize,
    pub(crate) is_in_stock: bool,
    /// Row of the warehouse.
    pub(crate) warehouse: usize,
}

pub(crate) struct Warehouse {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) city: &'static str,
}

pub(crate) struct Review {
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) rating: i32,
    /// Row of the author.
    pub(crate) author: usize,
    /// Row of the product.
    pub(crate) product: usize,
}

/// Names of the categories, in the order of the GraphQL enum.
pub(crate) const CATEGORIES: [&str; 5] = ["books", "garden", "kitchen", "music", "tools"];

const PRODUCTS_PER_BRAND: usize = 8;

impl Data {
    /// Makes the data of a seed.
    pub(crate) fn generate(seed: u64, sizes: Sizes) -> Self {
        // Without users nobody can have written a review.
        let n_reviews =
            if sizes.users == 0 { 0 } else { sizes.products * sizes.reviews_per_product };
        let n_brands = sizes.products.div_ceil(PRODUCTS_PER_BRAND);
        let products: Vec<_> = (0..sizes.products)
            .map(|row| Arc::new(Product::generate(seed, row, n_brands)))
            .collect();
        let brands = (0..n_brands).map(|row| Arc::new(Brand::generate(seed, row, &products)));
        let reviews = (0..n_reviews).map(|row| Arc::new(Review::generate(seed, row, sizes)));
        Self {
            seed,
            users: (0..sizes.users).map(|row| Arc::new(User::generate(seed, row))).collect(),
            brands: brands.collect(),
            warehouses: (0..CITIES.len()).map(|row| Arc::new(Warehouse::generate(row))).collect(),
            reviews: reviews.collect(),
            products,
        }
    }

    /// Row of a user.
    pub(crate) fn user_row(&self, id: &str) -> Option<usize> {
        row('u', id).filter(|row| *row < self.users.len())
    }

    /// Row of a product.
    pub(crate) fn product_row(&self, upc: &str) -> Option<usize> {
        row('p', upc).filter(|row| *row < self.products.len())
    }

    /// Row of a brand.
    pub(crate) fn brand_row(&self, id: &str) -> Option<usize> {
        row('b', id).filter(|row| *row < self.brands.len())
    }
}

/// The row an id names, if it is an id of this letter as [`id`] writes it.
pub(crate) fn row(letter: char, id: &str) -> Option<usize> {
    let digits = id.strip_prefix(letter)?;
    // `p01` and `p+1` would be second names of `p1`.
    if !digits.starts_with(|first: char| matches!(first, '1'..='9')) {
        return None;
    }
    Some(digits.parse::<usize>().ok()? - 1)
}

/// The id of a row.
pub(crate) fn id(letter: char, row: usize) -> String {
    format!("{letter}{}", row + 1)
}

const GIVEN_NAMES: [&str; 16] = [
    "Ada",
    "Alan",
    "Barbara",
    "Claude",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "Hedy",
    "Joan",
    "Katherine",
    "Linus",
    "Margaret",
    "Niklaus",
    "Radia",
    "Tony",
];
const FAMILY_NAMES: [&str; 16] = [
    "Allen", "Bell", "Carver", "Dahl", "Engel", "Fischer", "Gray", "Hale", "Ito", "Jensen", "Kaya",
    "Lopez", "Moreau", "Novak", "Okafor", "Perez",
];
const BRAND_NAMES: [&str; 12] = [
    "Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Juniper", "Larch",
    "Maple", "Oak",
];
const COUNTRIES: [&str; 8] = ["AT", "BR", "CA", "DE", "IN", "JP", "NG", "US"];
const CITIES: [&str; 4] = ["Leipzig", "Osaka", "Porto", "Toledo"];
const QUALITIES: [&str; 12] = [
    "Bright", "Calm", "Folding", "Heavy", "Light", "Little", "Plain", "Quiet", "Round", "Sturdy",
    "Tall", "Warm",
];
/// What is sold, by category.
const THINGS: [[&str; 4]; CATEGORIES.len()] = [
    ["Atlas", "Cookbook", "Dictionary", "Novel"],
    ["Hose", "Lantern", "Rake", "Trowel"],
    ["Kettle", "Pan", "Table", "Teapot"],
    ["Drum", "Flute", "Guitar", "Ukulele"],
    ["Chisel", "Hammer", "Plane", "Saw"],
];
const OPINIONS: [[&str; 3]; 5] = [
    ["Broke within a day.", "Not what the picture shows.", "I sent it back."],
    ["Could be better.", "Too expensive for this.", "It wobbles."],
    ["It does its job.", "Neither good nor bad.", "Fine for the price."],
    ["Better than I hoped.", "Well made.", "I use it every week."],
    ["Love it!", "The best one I have had.", "Bought a second one for my mother."],
];

impl User {
    fn generate(seed: u64, row: usize) -> Self {
        let mut random = Random::new(seed, "user", row);
        let (given, family) = (random.pick(&GIVEN_NAMES), random.pick(&FAMILY_NAMES));
        let (year, month, day) =
            (random.between(1940, 2005), random.between(1, 12), random.between(1, 28));
        Self {
            id: id('u', row),
            name: format!("{given} {family}"),
            username: format!("@{}{}", given.to_lowercase(), row + 1),
            birthday: format!("{year}-{month:02}-{day:02}"),
            email: format!("{}.{}@example.com", given.to_lowercase(), family.to_lowercase()),
        }
    }
}

impl Brand {
    fn generate(seed: u64, row: usize, products: &[Arc<Product>]) -> Self {
        let mut random = Random::new(seed, "brand", row);
        let name = BRAND_NAMES[row % BRAND_NAMES.len()];
        let country = random.pick(&COUNTRIES);
        let has_description = random.below(4) > 0;
        Self {
            id: id('b', row),
            // The list of names is short; a second round gets a number.
            name: match row / BRAND_NAMES.len() {
                0 => name.to_owned(),
                round => format!("{name} {}", round + 1),
            },
            description: has_description.then(|| format!("{name} makes things that last.")),
            country,
            products: (0..products.len())
                .filter(|product| products[*product].brand == row)
                .collect(),
        }
    }
}

impl Product {
    fn generate(seed: u64, row: usize, n_brands: usize) -> Self {
        let mut random = Random::new(seed, "product", row);
        let category = random.below(CATEGORIES.len());
        let (quality, thing) = (random.pick(&QUALITIES), random.pick(&THINGS[category]));
        let price = random.between(199, 2_999);
        let weight = random.between(50, 5_000);
        let has_description = random.below(8) > 0;
        Self {
            upc: id('p', row),
            name: format!("{quality} {thing}"),
            description: has_description.then(|| {
                format!("A {} {} for years to come.", quality.to_lowercase(), thing.to_lowercase())
            }),
            price,
            weight,
            dimensions: [(); 3].map(|()| f64::from(random.between(10, 900)) / 10.0),
            category,
            // Drawn before the brand, whose count is a size, so that nothing else depends on it.
            is_in_stock: random.below(5) > 0,
            warehouse: random.below(CITIES.len()),
            brand: random.below(n_brands),
        }
    }
}

impl Warehouse {
    fn generate(row: usize) -> Self {
        let city = CITIES[row];
        Self { id: id('w', row), name: format!("{city} depot"), city }
    }
}

impl Review {
    fn generate(seed: u64, row: usize, sizes: Sizes) -> Self {
        let mut random = Random::new(seed, "review", row);
        let rating = random.between(1, 5);
        Self {
            id: id('r', row),
            body: (*random.pick(&OPINIONS[rating as usize - 1])).to_owned(),
            rating,
            author: random.below(sizes.users),
            product: row / sizes.reviews_per_product,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Data, Sizes, id, row};

    const SIZES: Sizes = Sizes { users: 5, products: 20, reviews_per_product: 3 };

    #[test]
    fn same_seed_same_data_and_another_seed_another() {
        let names = |data: Data| {
            data.products.iter().map(|product| product.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(Data::generate(7, SIZES)), names(Data::generate(7, SIZES)));
        assert_ne!(names(Data::generate(7, SIZES)), names(Data::generate(8, SIZES)));
    }

    #[test]
    fn a_user_stays_the_same_when_there_are_more_of_them() {
        let (few, many) =
            (Data::generate(7, SIZES), Data::generate(7, Sizes { users: 500, ..SIZES }));
        assert_eq!(few.users[4].name, many.users[4].name);
        assert_eq!(few.products[19].price, many.products[19].price);
    }

    #[test]
    fn a_graph_of_nothing_can_be_made() {
        let empty = Sizes { users: 0, products: 0, reviews_per_product: 3 };
        assert!(Data::generate(7, empty).reviews.is_empty());
        assert!(Data::generate(7, Sizes { users: 0, ..SIZES }).reviews.is_empty());
    }

    #[test]
    fn an_id_has_one_spelling() {
        assert_eq!(row('p', &id('p', 11)), Some(11));
        for wrong in ["p0", "p01", "p+1", "p", "u1", "1", "p1x", "p99999999999999999999999"] {
            assert_eq!(row('p', wrong), None, "{wrong}");
        }
    }
}
